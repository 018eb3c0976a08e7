import { stackFolder } from '../model/home.ts';
import { localRequest } from '../platform/local/preflight.ts';
import type { HostFacts, LocalRequest } from '../qemu/host-facts.ts';
import { imageSource } from '../qemu/image-sources.ts';
import { hostRules, memoryToStart } from '../qemu/preflight.ts';
import { defaultLimits, sizeText } from '../qemu/prune-limits.ts';
import { type Check, foundOr, ok, once, problem, warning } from './check.ts';
import { shortName } from './stack-config.ts';
import type { PlatformChecks, Subject } from './subject.ts';

/** What machines in QEMU need of this computer. */
export const localChecks: PlatformChecks = (subject) => {
  const request = requestOf(subject);
  const facts = once((probes) => probes.hostFacts(request));
  const rules = (Object.keys(hostRules) as Rule[]).map((what): Check => {
    const { why, fix, good } = words[what];
    return {
      ...{ what, why, fix },
      async look(probes, signal) {
        const there = await facts(probes, signal);
        return foundOr(good(request, there), hostRules[what](request, there));
      },
    };
  });
  return [...rules, cpusCheck(subject), kvmCheck(request), ...portChecks(subject, request), templatesCheck];
};

/** Without a stack config that can be used, machines are left out. */
function requestOf({ stack, config, environment }: Subject): LocalRequest {
  if (config?.plan) return localRequest(config.plan);
  const folder = stackFolder(shortName(stack), environment);
  return { stackFolder: folder, image: imageSource('debian-13', undefined), machines: [] };
}

type Rule = keyof typeof hostRules;

interface Words {
  readonly why: string;
  readonly fix: string;
  /** What is said when the rule finds nothing. */
  good(request: LocalRequest, facts: HostFacts): string;
}

const words: Readonly<Record<Rule, Words>> = {
  system: {
    why: 'machines have processors of this kind',
    fix: 'uname -sm',
    good: (_, { platform, arch }) => `${platform} on ${arch}`,
  },
  programs: {
    why: 'QEMU runs the machines; mmdebstrap builds what they boot',
    fix: 'bash toolchain/setup.sh machines',
    good: (_, { qemuVersion, canBuild }) =>
      `QEMU ${qemuVersion}${canBuild === undefined ? '' : ', and all that builds the image'}`,
  },
  memory: {
    why: 'machines that start get theirs at once',
    fix: 'free --mebi',
    good: (request, facts) =>
      `${memoryToStart(request, facts)} MiB for machines that are to start, ${facts.memory} MiB free`,
  },
  disk: {
    why: "machines' disks grow in the stack's folder, images and templates in the cache",
    fix: 'df --human-readable',
    good: ({ stackFolder }, { disk, cacheDisk }) =>
      `${sizeText(disk)} free at ${stackFolder}${cacheDisk === undefined ? '' : `, ${sizeText(cacheDisk)} for the cache`}`,
  },
  sockets: {
    why: "the path of a unix socket has a limit, and the stack's folder stands in it",
    fix: 'set FLOTILLA_HOME to a shorter folder',
    good: () => 'their paths are short enough',
  },
};

function cpusCheck({ config }: Subject): Check {
  const machines = config?.plan?.machines ?? [];
  const most = Math.max(0, ...machines.map(({ cpus }) => cpus));
  const all = machines.reduce((sum, { cpus }) => sum + cpus, 0);
  const groups = new Set(machines.filter(({ cpus }) => cpus === most).map(({ group }) => group));
  return {
    what: 'cpus',
    why: "machines' CPUs are threads here; one that has more than there are is slower by that",
    fix: `lower cpus in ${[...groups].map((group) => `flotilla:machines.${group}`).join(', ')}`,
    look: async ({ cpus }) => {
      const finding = `${all} for machines, ${cpus} here`;
      return most > cpus ? warning(`${finding}; one machine has ${most}`) : ok(finding);
    },
  };
}

function kvmCheck({ image }: LocalRequest): Check {
  return {
    what: 'kvm',
    why: 'without it processors are emulated, which is slow',
    fix: 'see docs/local.md, Processor',
    // The boot of a kernel is tried, and given 5 s by itself.
    deadline: 15,
    async look(probes) {
      const { accelerator, reason, fix } = await probes.kvm(image);
      return accelerator === 'kvm' ? ok(reason) : warning(`processors are emulated: ${reason}`, fix);
    },
  };
}

/** By the code of the error that listening gives. */
const taken: Readonly<Record<string, (port: number) => { readonly finding: string; readonly fix: string }>> =
  {
    EADDRINUSE: (port) => ({
      finding: 'another program listens there',
      fix: `ss --listening --tcp --numeric --processes 'sport = :${port}'`,
    }),
    EACCES: (port) => ({
      finding: 'this user may not listen there',
      fix: `sudo sysctl net.ipv4.ip_unprivileged_port_start=${port}`,
    }),
  };

function portChecks({ config }: Subject, { stackFolder: folder }: LocalRequest): readonly Check[] {
  const held = once((probes) => probes.heldPorts(folder));
  return (config?.plan?.publish ?? []).map(({ host: port, guest, machines }): Check => {
    return {
      what: `port ${port}`,
      why: `127.0.0.1:${port} is to lead to port ${guest} of ${machines.join(', ') || 'no machine'}`,
      fix: 'publish another port',
      async look(probes, signal) {
        if ((await held(probes, signal)).includes(port)) return ok("held by this stack's own switch");
        const code = await probes.portTaken(port);
        if (code === undefined) return ok('free');
        const { finding, fix } = taken[code]?.(port) ?? { finding: `nobody can listen there: ${code}` };
        return problem(finding, fix);
      },
    };
  });
}

const templatesCheck: Check = {
  what: 'templates',
  why: 'new machines wake from them; old ones only take room',
  fix: 'npx flotilla cache prune',
  async look(probes) {
    const bytes = await probes.templateBytes();
    const { keepSize } = defaultLimits;
    const finding = `${sizeText(bytes)} in the cache`;
    return bytes > keepSize
      ? warning(`${finding}, more than the ${sizeText(keepSize)} that a prune keeps`)
      : ok(finding);
  },
};
