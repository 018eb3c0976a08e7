import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { applyChange, parseChange } from '../src/agent/api/change.ts';
import { buildBundle } from '../src/agent/bundle.ts';
import { readCluster } from '../src/store/cluster-state.ts';
import { EtcdStore } from '../src/store/etcd.ts';
import { writeCertificates } from '../test/contract/certificates.ts';
import { type ServerTls, startEtcd } from '../test/contract/etcd-process.ts';
import type { Looks, ProcessOptions } from './agent-process.ts';
import type { Benchmark, Log, Report } from './benchmark.ts';
import { atMost, exactly } from './figures.ts';

/** Seconds that each figure is measured over, and that nothing is to be done in before it. */
const period = 60;
const quiet = 35;

/** Linux counts a process's time in hundredths of a second (`getconf CLK_TCK`). */
const ticks = 100;

/** Where Debian's Node is, which machines run; it is smaller than newer ones. */
const execPath = existsSync('/usr/bin/node') ? '/usr/bin/node' : process.execPath;

/** As in the agent's unit, cloud-config/agent-units.ts. */
const malloc = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '65536' };

interface Bench {
  readonly store: EtcdStore;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  readonly endpoint: string;
  readonly agents: readonly ChildProcess[];
}

export const agentParts = ['writes', 'wakes', 'idle'];

/**
 * What an idle agent costs: three processes on one real etcd over TLS. Their systemd is the fake one, so what D-Bus
 * costs is not in it: 2 to 3 MB, and one question in 30 s (docs/decisions/0010-systemd-over-dbus.md).
 */
export const agent: Benchmark = async (report, log, wants) => {
  const folder = mkdtempSync(join(tmpdir(), 'fl-agent-'));
  log(`agents run on ${execPath}`);
  const files = await writeCertificates(join(folder, 'pki'));
  const etcd = await startEtcd(files);
  const tls = read(files);
  const store = new EtcdStore({ endpoints: [etcd.endpoint], tls });
  const agents = await startAgents(folder, { endpoints: [etcd.endpoint], tls });
  const bench = { store, tls, endpoint: etcd.endpoint, agents };
  try {
    await untilMembers(bench);
    if (wants('writes')) await writes(bench, report, log);
    if (wants('wakes')) await wakes(bench, report, log);
    if (wants('idle')) await idle(bench, report, log);
  } finally {
    for (const child of agents) child.kill('SIGKILL');
    await store.close();
    await etcd.remove();
    rmSync(folder, { recursive: true, force: true });
  }
};

async function writes(bench: Bench, report: Report, log: Log) {
  await haveUnits(bench, 150, log);
  const before = await counters(bench);
  await sleep(period * 1000);
  const after = await counters(bench);
  const perMinute = (name: string) => (((after[name] ?? 0) - (before[name] ?? 0)) * 60) / period;
  const bar = 60 / 5;
  report('etcd writes, 3 idle agents × 50 units, per agent', atMost(perMinute('writes') / 3, bar, '/min'));
  report('keys written in that time', exactly(perMinute('keys'), 0, '/min'));
  log(`lease renewals, which etcd does not write: ${perMinute('renewals') / 3} a minute and agent`);
}

async function wakes(bench: Bench, report: Report, log: Log) {
  await haveUnits(bench, 200, log);
  const what = '1 unit of 200 changed: agents whose units were looked at';
  report(what, exactly(await woken(bench), 1, 'agents'));
}

async function idle(bench: Bench, report: Report, log: Log) {
  const { agents } = bench;
  await haveUnits(bench, 300, log);
  const used = agents.map((child) => cpuSeconds(child));
  await sleep(period * 1000);
  const shares = agents.map((child, at) => ((cpuSeconds(child) - (used[at] ?? 0)) / period) * 100);
  report('agent at 100 idle units: CPU, highest of 3', atMost(Math.max(...shares), 1, '% of a core'));
  report('agent at 100 idle units: memory, highest of 3', atMost(Math.max(...agents.map(rss)), 80, 'MB'));
}

function read({ ca, cert, key }: ServerTls): Bench['tls'] {
  return { ca: readFileSync(ca, 'utf8'), cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

/** Bundled as the real agent is, without the loader that turns TypeScript into JavaScript. */
async function startAgents(
  folder: string,
  etcd: Pick<ProcessOptions, 'endpoints' | 'tls'>,
): Promise<ChildProcess[]> {
  const bundle = join(folder, 'agent.mjs');
  const { bytes } = await buildBundle('bench/agent-process.ts');
  writeFileSync(bundle, bytes);
  const options = { execPath, execArgv: [], env: { ...process.env, ...malloc } };
  return ['1', '2', '3'].map((digit) =>
    fork(bundle, [JSON.stringify({ digit, folder, ...etcd } satisfies ProcessOptions)], options),
  );
}

async function untilMembers({ store }: Bench): Promise<void> {
  while ((await readCluster(store)).machines.length < 3) await sleep(200);
}

/** Returns when all of so many units are active and the agents have had time to come to rest. */
async function haveUnits({ store }: Bench, count: number, log: (line: string) => void): Promise<void> {
  log(`${count} units on 3 agents`);
  const put = Array.from({ length: count }, (_, at) => unitNamed(at, ''));
  await applyChange(store, parseChange({ put, destroy: [] }));
  const active = async () =>
    (await readCluster(store)).statuses.filter((status) => status.active === 'active');
  while ((await active()).length < count) await sleep(200);
  await sleep(quiet * 1000);
}

function unitNamed(at: number, more: string) {
  const contents = `[Service]\nExecStart=/bin/sleep infinity\n${more}`;
  return { name: `idle@${at}.service`, contents, targetState: 'launched' as const };
}

/** Agents that looked at their units though it was not time to. */
async function woken(bench: Bench): Promise<number> {
  await untilNoneIsDue(bench);
  const before = await looks(bench);
  await applyChange(bench.store, parseChange({ put: [unitNamed(7, 'Nice=1\n')], destroy: [] }));
  await sleep(5000);
  const after = await looks(bench);
  return after.filter((count, at) => count !== before[at]).length;
}

/**
 * Agents look by themselves every 30 s, each at a time of its own. Returns when the last look of each is less than
 * 22 s ago: of three points on a circle of 30 there are always two with a gap of 10 or more between them.
 */
async function untilNoneIsDue(bench: Bench): Promise<void> {
  let counts = await looks(bench);
  const last = counts.map(() => Number.NEGATIVE_INFINITY);
  while (last.some((time) => performance.now() - time > 22_000)) {
    await sleep(500);
    const now = await looks(bench);
    for (const [at, count] of now.entries()) if (count !== counts[at]) last[at] = performance.now();
    counts = now;
  }
}

function looks({ agents }: Bench): Promise<number[]> {
  return Promise.all(
    agents.map(async (child) => {
      const answered = once(child, 'message');
      child.send('looks');
      const [answer] = await answered;
      return (answer as Looks).looks;
    }),
  );
}

/** What etcd counted: changes that went through its log, keys in them, and renewals of leases, which do not. */
async function counters({ tls, endpoint }: Bench): Promise<Readonly<Record<string, number>>> {
  const request = get(`https://${endpoint}/metrics`, { ...tls, servername: '' });
  const [response] = await once(request, 'response');
  const lines = (await text(response)).split('\n');
  const value = (name: string) =>
    Number(lines.find((line) => line.startsWith(`${name} `))?.split(' ')[1] ?? Number.NaN);
  return {
    writes: value('etcd_server_proposals_committed_total'),
    keys: value('etcd_mvcc_put_total') + value('etcd_mvcc_delete_total'),
    renewals: value('etcd_debugging_lease_renewed_total'),
  };
}

/** User and system time (proc_pid_stat(5), fields 14 and 15; the name before may contain blanks). */
function cpuSeconds({ pid }: ChildProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}

function rss({ pid }: ChildProcess): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}
