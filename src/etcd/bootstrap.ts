import { settled } from '../model/settled.ts';
import type { Authority } from '../pki/authority.ts';
import { csrCommand, parseCsrs } from '../pki/remote.ts';
import type { Command, Connection } from '../ssh/connection.ts';
import { programName } from '../ssh/script.ts';
import { certificateState, memberKeys, type SignedCertificate, signMember } from './certificates.ts';
import { clientUrl, clusterToken, type EtcdCluster, type EtcdMember, layoutOf } from './cluster.ts';
import { foundCommand, markCommand, startCommand } from './commands.ts';
import { factsCommand, type MemberFacts, parseFacts } from './facts.ts';
import { etcdPaths } from './files.ts';
import { membership, type Step } from './membership.ts';

export interface BootstrapOptions {
  readonly cluster: EtcdCluster;
  readonly authority: Authority;
  /** A connection to the member's machine; asked for before each command, so a pool may redial. */
  readonly connect: (member: EtcdMember) => Promise<Connection>;
  /** The caller's state says that this generation was complete once. */
  readonly bootstrapped: boolean;
  /** Gets a line per step, and one per round of waiting. */
  readonly log: (line: string) => void;
  /** Seconds until all members must be healthy; default 300, for three emulated machines on a busy host. */
  readonly deadline?: number;
  /** Validity of the members' certificates in days; default one year. */
  readonly certificateDays?: number;
  /** User that owns etcd's private key; another one only in tests. */
  readonly owner?: string;
  readonly signal?: AbortSignal;
}

export interface BootstrappedCluster {
  /** Hexadecimal. */
  readonly clusterId: string;
  readonly members: readonly { readonly name: string; readonly id: string; readonly clientUrl: string }[];
}

/** Seconds one round of waiting takes at most: how often the log says who is missing. */
const round = 10;

/** systemd restarts a failing etcd every 5 s; this many failures in a row are no passing trouble. */
const hopelessRestarts = 5;

/**
 * Brings the wanted cluster to health, step by step as `membership` decides, and all machines of a step at once. It may
 * end anywhere and be run again. On a healthy cluster it costs one round trip and changes nothing.
 *
 * @throws with the reason when `membership` refuses; with the journal's last lines when a member fails or the deadline
 * passes.
 */
export async function bootstrapEtcd(options: BootstrapOptions): Promise<BootstrappedCluster> {
  const end = Date.now() + (options.deadline ?? 300) * 1000;
  let facts = await onEach(options, options.cluster.members, factsCommand);
  let last: Step | undefined;
  for (;;) {
    const step = decide(options, facts);
    if (step.kind === 'done') return result(options.cluster, facts);
    if (step.kind === 'refuse') throw new Error(`etcd of cluster ${options.cluster.name}: ${step.reason}.`);
    guard(step, last, facts, end);
    options.log(`etcd: ${verbs[step.kind]} ${step.members.join(', ')}: ${step.reason}`);
    facts = merge(facts, await execute(options, step, facts, end));
    last = step;
  }
}

/** What is so now, without changing anything: for refresh and status. */
export async function inspectEtcd(
  options: Pick<BootstrapOptions, 'cluster' | 'connect' | 'signal'>,
): Promise<readonly MemberFacts[]> {
  return await onEach(options, options.cluster.members, factsCommand);
}

type Action = Extract<Step, { members: readonly string[] }>;

const verbs: Readonly<Record<Action['kind'], string>> = {
  install: 'preparing',
  start: 'waiting for',
  mark: 'marking',
};

function decide({ cluster, authority, bootstrapped }: BootstrapOptions, facts: readonly MemberFacts[]): Step {
  const certificates = new Map(
    cluster.members.map((member) => {
      const pem = facts.find((each) => each.name === member.name)?.certificate ?? '';
      return [member.name, certificateState(pem, member, authority)];
    }),
  );
  return membership({ wanted: cluster, bootstrapped, facts, certificates });
}

/** Ends what waiting can't mend. */
function guard(step: Action, last: Step | undefined, facts: readonly MemberFacts[], end: number): void {
  const concerned = facts.filter((each) => step.members.includes(each.name));
  if (step.kind !== 'start') {
    if (last?.kind === step.kind)
      throw new Error(`etcd: ${verbs[step.kind]} ${step.members.join(', ')} had no effect.`);
    return;
  }
  const hopeless = concerned.filter((each) => each.state !== 'active' && each.restarts >= hopelessRestarts);
  if (hopeless.length > 0) throw new Error(`etcd fails to start: ${hopeless.map(describe).join('\n')}`);
  if (Date.now() > end)
    throw new Error(`etcd did not become healthy in time: ${concerned.map(describe).join('\n')}`);
}

function describe({ name, state, restarts, journal }: MemberFacts): string {
  const lines = journal.slice(-10).map((line) => `\n  ${line}`);
  return `${name} is ${state} after ${restarts} restarts${lines.length > 0 ? '; its journal ends' : ''}${lines.join('')}`;
}

async function execute(
  options: BootstrapOptions,
  step: Action,
  facts: readonly MemberFacts[],
  end: number,
): Promise<readonly MemberFacts[]> {
  const members = options.cluster.members.filter(({ name }) => step.members.includes(name));
  const seconds = Math.max(1, Math.min(round, Math.ceil((end - Date.now()) / 1000)));
  switch (step.kind) {
    case 'install': {
      const certificates = new Map(
        await settled(members.map(async (member) => [member, await certify(options, member)] as const)),
      );
      const { certificate: authority } = options.authority;
      return await onEach(options, members, (member) =>
        foundCommand(member, options.cluster, {
          authority,
          certificates: certificates.get(member) ?? [],
          seconds,
        }),
      );
    }
    case 'start':
      return await onEach(options, members, (member) => startCommand(member, seconds));
    case 'mark':
      await settled(members.map((member) => run(options, member, markCommand(member, options.cluster))));
      return facts
        .filter(({ name }) => step.members.includes(name))
        .map((each) => ({ ...each, bootstrapped: clusterToken(options.cluster) }));
  }
}

/** Has the member's machine make its keys, and signs for them. */
async function certify(options: BootstrapOptions, member: EtcdMember): Promise<readonly SignedCertificate[]> {
  const { authority, certificateDays = 365 } = options;
  const { target } = await options.connect(member);
  const keys = memberKeys(target.user, options.owner);
  const printed = await run(options, member, csrCommand(keys, etcdPaths(layoutOf(member)).pki));
  return await signMember(authority, member, parseCsrs(printed, keys), certificateDays);
}

type Runner = Pick<BootstrapOptions, 'connect' | 'signal'>;

async function onEach(
  runner: Runner,
  members: readonly EtcdMember[],
  command: (member: EtcdMember) => Command,
): Promise<readonly MemberFacts[]> {
  const one = async (member: EtcdMember) =>
    parseFacts(member.name, await run(runner, member, command(member)));
  return await settled(members.map(one));
}

async function run({ connect, signal }: Runner, member: EtcdMember, command: Command): Promise<string> {
  const connection = await connect(member);
  const { status, stdout, stderr } = await connection.exec(command, signal);
  if (status === 0) return stdout;
  const said = stderr.trim().split('\n').slice(-3).join('; ');
  throw new Error(`${programName(command)} on ${member.name} ended with status ${status}: ${said}`);
}

function merge(facts: readonly MemberFacts[], fresh: readonly MemberFacts[]): readonly MemberFacts[] {
  return facts.map((old) => fresh.find((each) => each.name === old.name) ?? old);
}

function result({ members }: EtcdCluster, facts: readonly MemberFacts[]): BootstrappedCluster {
  const listed = facts[0]?.members ?? [];
  const idOf = (name: string) => listed.find((each) => each.name === name)?.id ?? '';
  return {
    clusterId: facts[0]?.clusterId ?? '',
    members: members.map((member) => ({
      name: member.name,
      id: idOf(member.name),
      clientUrl: clientUrl(member),
    })),
  };
}
