import { standardLayout } from '../etcd/cluster.ts';
import { etcdPaths, fileNames } from '../etcd/files.ts';
import { messageWithCauses } from '../model/message-of.ts';
import { programFolders } from '../model/operating-system.ts';
import { upLine } from '../model/up-command.ts';
import { inspectCertificate, isDueForRenewal } from '../pki/inspect.ts';
import { exchange } from '../push/http.ts';
import { commandFailure } from '../ssh/command-failure.ts';
import type { Connection } from '../ssh/connection.ts';
import { script } from '../ssh/script.ts';
import { type Check, type Finding, ok, problem, warning } from './check.ts';
import type { ReachableMachine } from './subject.ts';

/** Seconds: SSH of a busy emulated machine alone takes some. The agent's answer is a part of it. */
const patience = { look: 30, agent: 10 };

/** Seconds by which a machine's clock may differ: more makes logs of several machines hard to read together. */
const clockTolerance = 1;

/** Whether a machine of the cluster that is up does its part. */
export function machineCheck(
  machine: ReachableMachine,
  stack: string,
  connect: () => Promise<Connection>,
): Check {
  const ssh = (command: string) => `npx flotilla ssh --stack ${stack} ${machine.name} '${command}'`;
  const journal = (unit: string) => ssh(`sudo journalctl -u ${unit} -n 50`);
  return {
    what: `machine ${machine.name}`,
    why: 'it is part of the cluster that is up',
    // `up` brings up again what is down, and renews what ends, when it looks at what is there.
    fix: upLine({ refresh: true, stack }),
    deadline: patience.look,
    async look({ now }, signal) {
      const connection = await connect();
      const failure = await askAgent(connection, signal);
      const began = now();
      const result = await connection.exec(statusCommand, signal);
      const ended = now();
      if (result.status !== 0) throw new Error(commandFailure(statusCommand, machine.name, result));
      const status = parseStatus(result.stdout);
      const findings = [
        agentFinding(failure, journal),
        ...(machine.etcd ? etcdFindings(status, journal) : []),
        clockFinding(status.clock, { began, ended }, ssh('sudo systemctl restart systemd-timesyncd')),
        ...certificateFindings(status.certificates, new Date(ended)),
      ];
      const bad = findings.filter(({ level }) => level !== 'ok');
      return bad.length > 0 ? bad : ok(findings.map(({ finding }) => finding).join(', '));
    },
  };
}

/** What a machine says of itself. */
export interface MachineStatus {
  /** Milliseconds since 1970, by its clock. */
  readonly clock: number;
  /** What `etcdctl endpoint health` ended with; undefined where there is no etcd. */
  readonly etcdHealth: number | undefined;
  /** `NOSPACE` and the like. */
  readonly alarms: readonly string[];
  /** Path → PEM */
  readonly certificates: readonly { readonly path: string; readonly pem: string }[];
}

const statusScript = `
echo "clock $(date +%s%3N)"
for file in "$1"/*.crt; do
  # The authority's lasts for as long as the cluster, and nothing renews it.
  [ "$file" = "$1/ca.crt" ] || [ ! -f "$file" ] || echo "certificate $file $(base64 -w 0 "$file")"
done
[ -f "$2" ] || exit 0
set -a; . "$2"; set +a
PATH=${programFolders}:$PATH
ETCDCTL_ENDPOINTS=$3
etcdctl --dial-timeout=3s --command-timeout=6s endpoint health >/dev/null 2>&1
echo "etcd $?"
etcdctl --dial-timeout=3s --command-timeout=6s alarm list 2>/dev/null | sed -n 's/.*alarm:/alarm /p'
exit 0
`;

const { directory, clientPort } = standardLayout;
export const statusCommand = script(
  'flotilla-machine-status',
  statusScript,
  [etcdPaths().pki, `${directory}/${fileNames.clientEnvironment}`, `https://127.0.0.1:${clientPort}`],
  { root: true, timeout: patience.look },
);

/** Lines that it does not know are passed over. */
export function parseStatus(stdout: string): MachineStatus {
  const lines = stdout.split('\n').map((line) => line.split(' '));
  const all = (kind: string) => lines.filter(([first]) => first === kind).map(([, ...words]) => words);
  const [health] = all('etcd');
  return {
    clock: Number(all('clock')[0]?.[0]),
    etcdHealth: health && Number(health[0]),
    alarms: all('alarm').map(([name = '']) => name),
    certificates: all('certificate').map(([path = '', pem = '']) => ({
      path,
      pem: Buffer.from(pem, 'base64').toString('utf8'),
    })),
  };
}

/** Undefined when it answers well, or what it did instead. */
async function askAgent(connection: Connection, signal: AbortSignal): Promise<string | undefined> {
  const request = { method: 'GET', path: '/flotilla/v1/machines', timeout: patience.agent } as const;
  try {
    const { status } = await exchange(connection, request, signal);
    return status < 300 ? undefined : `it answered ${status}`;
  } catch (error) {
    signal.throwIfAborted();
    return messageWithCauses(error);
  }
}

type Journal = (unit: string) => string;

function agentFinding(failure: string | undefined, journal: Journal): Finding {
  if (failure === undefined) return ok('its agent answers');
  return problem(`its agent does not do its work: ${failure}`, journal('flotilla-agent'));
}

function etcdFindings({ etcdHealth, alarms }: MachineStatus, journal: Journal): readonly Finding[] {
  if (etcdHealth === undefined) return [problem('it has no etcd yet')];
  const raised = alarms.map((alarm) => problem(`etcd raises the alarm ${alarm}`, 'see docs/etcd.md'));
  if (etcdHealth !== 0) return [...raised, problem('its etcd is not in a quorum', journal('etcd'))];
  return raised.length > 0 ? raised : [ok('etcd is healthy')];
}

/** The clock was read somewhere between the two times, so it may be off by that much less. */
function clockFinding(
  clock: number,
  { began, ended }: { readonly began: number; readonly ended: number },
  fix: string,
): Finding {
  const off = clock > ended ? clock - ended : clock < began ? clock - began : 0;
  const seconds = (Math.abs(off) / 1000).toFixed(1);
  if (Math.abs(off) < clockTolerance * 1000) return ok('its clock is right');
  const finding = `its clock is ${seconds} s ${off > 0 ? 'ahead of' : 'behind'} this computer's`;
  return warning(finding, fix);
}

const day = 24 * 60 * 60 * 1000;

function certificateFindings(certificates: MachineStatus['certificates'], now: Date): readonly Finding[] {
  const inspected = certificates.map(({ path, pem }) => ({ path, ...inspectCertificate(pem) }));
  const left = (end: Date) => Math.floor((end.getTime() - now.getTime()) / day);
  const bad = inspected.flatMap(({ path, ...certificate }) => {
    if (certificate.notAfter < now) return [problem(`${path} has expired on ${iso(certificate.notAfter)}`)];
    return isDueForRenewal(certificate, now)
      ? [warning(`${path} ends in ${left(certificate.notAfter)} days, on ${iso(certificate.notAfter)}`)]
      : [];
  });
  if (bad.length > 0) return bad;
  const [least] = inspected.map(({ notAfter }) => left(notAfter)).sort((a, b) => a - b);
  return [
    least === undefined ? problem('it has no certificate', upLine()) : ok(`certificates for ${least} days`),
  ];
}

const iso = (date: Date) => date.toISOString().slice(0, 10);
