import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onMachine, placement, placements, until } from '../../test/cluster/observe.ts';
import type { Stack } from '../../test/cluster/stack.ts';
import type { Log, Report } from '../benchmark.ts';
import { atMost, exactly } from '../figures.ts';
import { eventually, since } from '../runs.ts';
import { storedCount, storedMoreThan } from './events.ts';

/** What goes wrong with a cluster that works: each recovers, or `flotilla explain` says what to do. */

interface Given {
  readonly stack: Stack;
  /** Brings up the sample and these folders of units. */
  readonly deploy: (...folders: string[]) => Promise<void>;
}

type Drill = (given: Given, report: Report, log: Log) => Promise<void>;

/** What the template of `failingTemplate` may read. */
export const drillKeys = '/drill/';

export async function drills(given: Given, report: Report, log: Log): Promise<void> {
  for (const drill of [killed, expired, fullDisk, refusedTemplate, failingTemplate]) {
    log(`drill: ${drill.name}`);
    await drill(given, report, log);
  }
}

/** Seconds after which a drill has failed, on however slow a computer. What it may take is each figure's own bar. */
const giveUp = 900;

const asRoot = (stack: Stack, machine: string, command: string) =>
  onMachine(stack, machine, ['sudo', 'bash', '-ec', command]);

/** Until `flotilla explain` says so of the unit; gives all that it says. */
async function explained(stack: Stack, unit: string, what: RegExp, log: Log): Promise<string> {
  let said = '';
  await until(giveUp, async () => {
    said = (await stack.flotilla(['explain', unit])).output;
    return what.test(said);
  });
  log(said.slice(0, said.indexOf('\n\n')));
  return said;
}

async function explainedNoMore(stack: Stack, unit: string, what: RegExp): Promise<void> {
  await eventually(giveUp, async () => !what.test((await stack.flotilla(['explain', unit])).output));
}

const killed: Drill = async ({ stack }, report, log) => {
  const before = await storedCount(stack);
  const start = performance.now();
  await asRoot(stack, 'search-1', 'docker kill elasticsearch');
  await explained(stack, 'elasticsearch.service', /failed|not ready/, log);
  await storedMoreThan(stack, before, giveUp);
  report('Elasticsearch killed: events are stored again', atMost(since(start), 180, 's'));
};

/**
 * An agent that was away for longer than a certificate is good; its path unit would bring it back at once. Its machine
 * has etcd, so also the authority's key.
 */
const expired: Drill = async ({ stack }, report, log) => {
  const unit = 'logstash.service';
  const machine = await placement(stack, unit);
  const folder = `/run/flotilla/certificates/${unit}`;
  await asRoot(
    stack,
    machine,
    `systemctl stop flotilla-agent.path flotilla-agent
cd ${folder}
key=$(readlink -f tls.key) crt=$(readlink -f tls.crt)
openssl x509 -in "$crt" -noout -ext subjectAltName | sed -n 's/^ *//; 2s/IP Address/IP/g; 2s/^/subjectAltName=/p' > /run/names
openssl req -new -key "$key" -subj "/OU=${machine}/CN=${unit}" |
  openssl x509 -req -CA ca.crt -CAkey /etc/flotilla/pki/services-ca.key -extfile /run/names \
    -not_before 20200101000000Z -not_after 20200102000000Z > /run/expired.crt 2> /dev/null
cat /run/expired.crt > "$crt"
systemctl restart ${unit}`,
  );
  const before = await storedCount(stack);
  await eventually(60, async () => (await asRoot(stack, machine, 'ss -Hltn sport = :10101')) !== '');
  // Nobody believes it: what is written meanwhile waits on the disks.
  await onMachine(stack, machine, ['sleep', '20']);
  const meanwhile = await storedCount(stack);
  log(`stored while the certificate was expired: ${meanwhile - before}`);
  report('certificate expired: events stored by it', atMost(meanwhile - before, 0, 'events'));
  const start = performance.now();
  await asRoot(stack, machine, 'systemctl start flotilla-agent.path flotilla-agent');
  await storedMoreThan(stack, meanwhile, giveUp);
  report('certificate expired: events are stored after the agent is back', atMost(since(start), 120, 's'));
};

/** To the last block, root's own reserve included. */
const fill = `number=0
for size in 1G 64M 1M 64K 4K; do
  while fallocate --length "$size" "/var/lib/full-$number" 2> /dev/null; do number=$((number + 1)); done
done`;

const fullDisk: Drill = async ({ stack }, report, log) => {
  const [unit = '', [machine = ''] = []] =
    Object.entries(await placements(stack)).find(
      ([name, on]) => name.startsWith('app@') && on[0] !== 'search-1',
    ) ?? [];
  await asRoot(stack, machine, fill);
  log(await asRoot(stack, machine, 'df -h /var/lib'));
  const noRoom = /not ready: .* answered 503/;
  const said = await explained(stack, unit, noRoom, log);
  report(
    'disk full: explain says that the instance there can take nothing',
    exactly(Number(noRoom.test(said)), 1, ''),
  );
  await storedMoreThan(stack, await storedCount(stack), giveUp);
  const start = performance.now();
  await asRoot(stack, machine, 'rm /var/lib/full-*');
  await explainedNoMore(stack, unit, noRoom);
  report('disk full: the instance is ready again when there is room', atMost(since(start), 60, 's'));
};

const refusedTemplate: Drill = async ({ stack }, report) => {
  const file = join(stack.clone, 'units', 'elk', 'filebeat.yml.tmpl');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('{{(index', '{{(indexx'));
  const { status, output } = await stack.pulumi(['preview']);
  writeFileSync(file, text);
  const said = status !== 0 && /filebeat\.yml\.tmpl:\d+:\d+: .*indexx/.test(output);
  report('template with an error: preview names file, line and column', exactly(Number(said), 1, ''));
};

/** It has no number to count with until somebody writes one, and its reload fails twice. */
const unit = 'drill.service';
const files: Readonly<Record<string, string>> = {
  [unit]: '[Service]\nExecStart=/bin/sleep infinity\n\n[X-Flotilla]\nTemplate=drill.toml\n',
  'drill.toml': `[template]
src = "drill.tmpl"
dest = "/run/drill"
keys = ["/drill"]
reload_cmd = "echo again >> /run/drill-reloads; test $(wc -l < /run/drill-reloads) -ge 3"
`,
  'drill.tmpl': '{{add (atoi (getv "/drill/number" "1")) 1}}\n',
};

const failingTemplate: Drill = async ({ stack, deploy }, report, log) => {
  const folder = join(stack.clone, 'units', 'drill');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  await deploy('units/drill');
  const machine = await placement(stack, unit);
  const content = async () => Number(await asRoot(stack, machine, 'cat /run/drill'));
  const put = (value: string) =>
    asRoot(stack, machine, `set -a; . /etc/flotilla/etcdctl.env; etcdctl put /drill/number ${value}`);
  await put('many');
  await explained(stack, unit, /template on .*drill\.tmpl:1:\d+: /, log);
  report('template that a key makes fail: the last good file stays', exactly(await content(), 2, ''));
  await put('7');
  await explained(stack, unit, /template on .*reload/, log);
  await explainedNoMore(stack, unit, /template on/);
  const reloads = Number(await asRoot(stack, machine, 'wc -l < /run/drill-reloads'));
  report('reload that fails twice: it is tried until it is done', exactly(reloads, 3, 'reloads'));
  report('reload that fails twice: the file is the new one', exactly(await content(), 8, ''));
  await deploy();
};
