import { reminding } from '../model/remind.ts';
import { settled } from '../model/settled.ts';
import { upCommand } from '../model/up-command.ts';
import type { Authority } from '../pki/authority.ts';
import { csrCommand, parseCsrs } from '../pki/remote.ts';
import { commandFailure } from '../ssh/command-failure.ts';
import type { Command, Connection } from '../ssh/connection.ts';
import { programName } from '../ssh/script.ts';
import { certificateState, memberKeys, type SignedCertificate, signMember } from './certificates.ts';
import { clientUrl, clusterToken, type EtcdCluster, type EtcdMember, layoutOf } from './cluster.ts';
import { foundCommand, markCommand, startCommand } from './commands.ts';
import { factsCommand, type MemberFacts, parseFacts } from './facts.ts';
import { etcdPaths } from './files.ts';
import { membership, type Step } from './membership.ts';

/** Validity of the members' certificates. */
const certificateDays = 365;

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

/** The next step after an end in between. */
const goesOn = `${upCommand()} goes on from here`;

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
  const { deadline = 300 } = options;
  const end = Date.now() + deadline * 1000;
  let facts = await onEach(options, options.cluster.members, factsCommand);
  let last: Step | undefined;
  for (;;) {
    const step = decide(options, facts);
    if (step.kind === 'done') return result(options.cluster, facts);
    if (step.kind === 'refuse') throw new Error(`etcd of cluster ${options.cluster.name}: ${step.reason}.`);
    guard(step, last, facts, { end, deadline });
    options.log(`etcd: ${verbs[step.kind]} ${step.members.join(', ')}: ${step.reason}`);
    facts = merge(facts, await execute(options, step, facts, end));
    last = step;
  }
}

/** What is so now, without changing anything: for refresh and status. */
export async function inspectEtcd(
  options: Pick<BootstrapOptions, 'cluster'> & Runner,
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
function guard(
  step: Action,
  last: Step | undefined,
  facts: readonly MemberFacts[],
  { end, deadline }: { readonly end: number; readonly deadline: number },
): void {
  const concerned = facts.filter((each) => step.members.includes(each.name));
  if (step.kind !== 'start') {
    if (last?.kind === step.kind) throw new Error(noEffect(step));
    return;
  }
  const hopeless = concerned.filter((each) => each.state !== 'active' && each.restarts >= hopelessRestarts);
  if (hopeless.length > 0) throw new Error(`etcd fails to start: ${withNextStep(hopeless)}`);
  if (Date.now() > end)
    throw new Error(`etcd did not become healthy within ${deadline} s: ${withNextStep(concerned)}`);
}

function noEffect({ kind, members, reason }: Action): string {
  const what = `etcd: ${verbs[kind]} ${members.join(', ')} had no effect, still: ${reason}`;
  return `${what}. See whether a disk there is full or read-only; then ${goesOn}`;
}

function withNextStep(members: readonly MemberFacts[]): string {
  return `${members.map(describe).join('\n')}\nOnce the cause is mended, ${goesOn}`;
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
    case 'install':
      return await found(options, members, facts, seconds);
    case 'start':
      return await onEach(options, members, (member) => startCommand(member, seconds));
    case 'mark':
      await settled(members.map((member) => run(options, member, markCommand(member, options.cluster))));
      return facts
        .filter(({ name }) => step.members.includes(name))
        .map((each) => ({ ...each, markedToken: clusterToken(options.cluster) }));
  }
}

/**
 * All have their certificates before any starts, since they wait for each other. A member that has data keeps its
 * environment: other timers would reach those members only whose certificate is due, and all must have the same.
 */
async function found(
  options: BootstrapOptions,
  members: readonly EtcdMember[],
  facts: readonly MemberFacts[],
  seconds: number,
): Promise<readonly MemberFacts[]> {
  const { cluster, authority } = options;
  const certificates = new Map(
    await settled(members.map(async (member) => [member, await certify(options, member)] as const)),
  );
  const founded = new Set(
    facts.filter((each) => each.hasData && each.hasEnvironment).map(({ name }) => name),
  );
  return await onEach(options, members, (member) =>
    foundCommand(member, cluster, {
      authority: authority.certificate,
      certificates: certificates.get(member) ?? [],
      keepsEnvironment: founded.has(member.name),
      seconds,
    }),
  );
}

/** Has the member's machine make its keys, and signs for them. */
async function certify(options: BootstrapOptions, member: EtcdMember): Promise<readonly SignedCertificate[]> {
  const { authority } = options;
  const { target } = await options.connect(member);
  const keys = memberKeys(target.user, options.owner);
  const printed = await run(options, member, csrCommand(keys, etcdPaths(layoutOf(member)).pki));
  return await signMember(authority, member, parseCsrs(member.name, printed, keys), certificateDays);
}

type Runner = Pick<BootstrapOptions, 'connect' | 'signal'> & Partial<Pick<BootstrapOptions, 'log'>>;

async function onEach(
  runner: Runner,
  members: readonly EtcdMember[],
  command: (member: EtcdMember) => Command,
): Promise<readonly MemberFacts[]> {
  const one = async (member: EtcdMember) =>
    parseFacts(member.name, await run(runner, member, command(member)));
  return await settled(members.map(one));
}

async function run({ connect, log, signal }: Runner, member: EtcdMember, command: Command): Promise<string> {
  const connection = await connect(member);
  const what = () => `${member.name} to run ${programName(command)}`;
  const result = await reminding(log, what, connection.exec(command, signal));
  if (result.status === 0) return result.stdout;
  throw new Error(`${commandFailure(command, member.name, result)}. Once that is mended, ${goesOn}`);
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
