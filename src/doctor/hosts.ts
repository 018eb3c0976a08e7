import type { HostFacts } from '../hosts/facts.ts';
import { type AskedHost, type Look, lookAtHost } from '../hosts/look.ts';
import { twinProblems } from '../hosts/preflight.ts';
import { askedHost } from '../platform/hosts/asked-host.ts';
import { type Check, foundOr, once, warning } from './check.ts';
import { machinesUp } from './cluster.ts';
import type { Probes } from './probes.ts';
import type { PlatformChecks } from './subject.ts';

/** Seconds that a host's SSH may take, and all of the look. */
const patience = { ssh: 10, look: 20 };

type TakeLook = (probes: Probes, signal: AbortSignal) => Promise<Look<AskedHost>>;

/** Hosts that are no machines of the cluster yet: can they be used? Those that are, are checked as its machines. */
export const hostsChecks: PlatformChecks = ({ config, state }) => {
  const { plan } = config ?? {};
  if (!plan) return [];
  const up = new Set(machinesUp(state).map(({ machine }) => machine.name));
  const fresh = plan.machines.filter(({ name }) => !up.has(name)).map(askedHost);
  const looks = fresh.map((host) => {
    const take: TakeLook = ({ connect }, signal) =>
      lookAtHost(connect, { identityFile: plan.identityFile }, host, {
        ...{ stack: plan.name, deadline: patience.ssh, signal },
        // What is waited for is said for all checks together.
        log: () => undefined,
      });
    return { host, take: once(take) };
  });
  const checks = looks.map(({ host, take }) => hostCheck(host, take));
  return looks.length > 1 ? [...checks, twinsCheck(looks.map(({ take }) => take))] : checks;
};

function hostCheck({ name, user, address, port, proxyJump: by }: AskedHost, take: TakeLook): Check {
  const jump = by ? `-J ${by.user}@${by.address}:${by.port} ` : '';
  return {
    what: `host ${name}`,
    why: 'it is to become a machine of the cluster',
    fix: `ssh ${jump}-p ${port} ${user}@${address} sudo -n true`,
    deadline: patience.look,
    async look(probes, signal) {
      const { facts, problems } = await take(probes, signal);
      return foundOr(facts ? `${address}:${port}: ${describe(facts)}` : '', problems);
    },
  };
}

function describe({ os, cpus, memory }: HostFacts): string {
  return `${os.name}, ${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}, ${memory} MiB`;
}

function twinsCheck(looks: readonly TakeLook[]): Check {
  return {
    what: 'twins',
    why: 'machines are told apart by their machine id',
    fix: 'cat /etc/machine-id',
    deadline: patience.look,
    async look(probes, signal) {
      const taken = await Promise.all(looks.map((take) => take(probes, signal)));
      const known = taken.flatMap(({ host: { name, path }, facts }) =>
        facts ? [{ name, path, machineId: facts.machineId }] : [],
      );
      const twins = twinProblems(known);
      const reached = `${known.length} of ${looks.length} hosts were reached`;
      if (twins.length === 0 && known.length < looks.length)
        return warning(`${reached}, so not all are compared`, 'mend that first');
      return foundOr(`${reached}, and each has a machine id of its own`, twins);
    },
  };
}
