import type { Reason } from '../model/reason.ts';
import { clusterToken, type EtcdCluster } from './cluster.ts';
import type { MemberFacts } from './facts.ts';
import { initialCluster } from './files.ts';

/** `unfit`: of another authority, for other names, or in the last third of its life. */
export type CertificateState = 'missing' | 'unfit' | 'good';

export interface Situation {
  readonly wanted: EtcdCluster;
  /** The caller remembers that this generation was complete once. The machines remember it as well. */
  readonly bootstrapped: boolean;
  /** One for each wanted member. */
  readonly facts: readonly MemberFacts[];
  /** By member name. */
  readonly certificates: ReadonlyMap<string, CertificateState>;
}

/**
 * One safe change, after which the facts are read anew. Later kinds (add a learner, promote, move the leader, remove)
 * join this union; whoever executes steps switches over `kind`.
 */
export type Step =
  /** Environment, certificates and member list are put in place, then etcd is started without waiting for it. */
  | { readonly kind: 'install'; readonly members: readonly string[]; readonly reason: Reason }
  /** etcd is started where it is not running, and waited for until it is in the quorum. */
  | { readonly kind: 'start'; readonly members: readonly string[]; readonly reason: Reason }
  /** The machines note that this generation was complete: from now on missing data is a loss. */
  | { readonly kind: 'mark'; readonly members: readonly string[]; readonly reason: Reason }
  | { readonly kind: 'done'; readonly reason: Reason }
  | { readonly kind: 'refuse'; readonly reason: Reason };

/** The next step towards the wanted cluster: the first rule that has something to say. */
export function membership(situation: Situation): Step {
  for (const rule of rules) {
    const step = rule(situation);
    if (step !== undefined) return step;
  }
  return { kind: 'done', reason: 'all members are healthy' };
}

type Rule = (situation: Situation) => Step | undefined;

/** In order: what must not be done comes before what is to be done. */
const rules: readonly Rule[] = [
  refuseEvenCount,
  refuseOtherGeneration,
  refuseTwoClusters,
  refuseOtherMembers,
  refuseLostData,
  install,
  start,
  mark,
];

function refuseEvenCount({ wanted }: Situation): Step | undefined {
  const count = wanted.members.length;
  if (count % 2 === 1) return undefined;
  return refuse(
    `a cluster of ${count} etcd members survives no more failures than one fewer: choose an odd number`,
  );
}

function refuseOtherGeneration({ wanted, facts }: Situation): Step | undefined {
  const token = clusterToken(wanted);
  const others = facts.filter((each) => each.hasData && each.token !== '' && each.token !== token);
  if (others.length === 0) return undefined;
  return refuse(
    `${names(others)} ${holds(others)} data of the etcd generation "${others[0]?.token}" but "${token}" is wanted: ` +
      'set the generation back, or restore a snapshot into the new one',
  );
}

function refuseTwoClusters({ facts }: Situation): Step | undefined {
  const ids = new Set(facts.filter((each) => each.healthy).map((each) => each.clusterId));
  if (ids.size <= 1) return undefined;
  return refuse(
    `the members form ${ids.size} separate clusters (${[...ids].join(', ')}): ` +
      'stop etcd on the machines whose data is to be given up, and restore those from a snapshot of the others',
  );
}

function refuseOtherMembers({ wanted, facts }: Situation): Step | undefined {
  const target = initialCluster(wanted);
  const wantedNames = wanted.members.map((each) => each.name);
  const actual = facts.find((each) => each.healthy)?.members.map((each) => each.name);
  const listed = actual !== undefined && !sameNames(actual, wantedNames);
  const founded = facts.find(
    (each) => each.hasData && each.initialCluster !== '' && each.initialCluster !== target,
  );
  if (!listed && founded === undefined) return undefined;
  const was = listed ? actual.join(', ') : founded?.initialCluster;
  return refuse(
    'changing the number, names or addresses of etcd members is not supported yet: ' +
      `the cluster consists of ${was}, wanted are ${wantedNames.join(', ')}; set etcd's members back`,
  );
}

function refuseLostData(situation: Situation): Step | undefined {
  const { wanted, facts } = situation;
  const lost = facts.filter((each) => !each.hasData);
  if (lost.length === 0 || !wasBootstrapped(situation)) return undefined;
  const generation = wanted.generation;
  if (lost.length < facts.length) {
    return refuse(
      `${names(lost)} lost etcd's data while ${names(facts.filter((each) => each.hasData))} kept it: starting ` +
        `${lost.length === 1 ? 'it' : 'them'} empty could found a second cluster and lose acknowledged writes; ` +
        `restore all members from a snapshot into generation ${generation + 1}`,
    );
  }
  return refuse(
    `etcd generation ${generation} was complete once but no member has its data any more: starting over in silence ` +
      `would hide the loss; restore a snapshot into generation ${generation + 1}, or raise the generation ` +
      'without one to begin empty',
  );
}

function install({ wanted, facts, certificates }: Situation): Step | undefined {
  const token = clusterToken(wanted);
  const target = initialCluster(wanted);
  const certificate = (each: MemberFacts) => certificates.get(each.name) ?? 'missing';
  const listFits = (each: MemberFacts) => each.token === token && each.initialCluster === target;
  const ready = (each: MemberFacts) => each.hasEnvironment && listFits(each) && certificate(each) === 'good';
  const unready = facts.filter((each) => !ready(each));
  if (unready.length === 0) return undefined;
  const fresh = unready.every((each) => !each.hasData);
  const reason = fresh
    ? `generation ${wanted.generation} was never complete`
    : 'environment, certificate or member list is missing or out of date';
  return { kind: 'install', members: unready.map((each) => each.name), reason };
}

function start({ facts }: Situation): Step | undefined {
  const unhealthy = facts.filter((each) => !each.healthy);
  if (unhealthy.length === 0) return undefined;
  const states = unhealthy.map(
    (each) => `${each.name} is ${each.state === 'active' ? 'without quorum' : each.state}`,
  );
  return { kind: 'start', members: unhealthy.map((each) => each.name), reason: states.join(', ') };
}

function mark({ wanted, facts }: Situation): Step | undefined {
  const token = clusterToken(wanted);
  const unmarked = facts.filter((each) => each.markedToken !== token);
  if (unmarked.length === 0) return undefined;
  const reason = `generation ${wanted.generation} is complete`;
  return { kind: 'mark', members: unmarked.map((each) => each.name), reason };
}

function wasBootstrapped({ wanted, bootstrapped, facts }: Situation): boolean {
  return bootstrapped || facts.some((each) => each.markedToken === clusterToken(wanted));
}

function refuse(reason: Reason): Step {
  return { kind: 'refuse', reason };
}

function names(facts: readonly MemberFacts[]): string {
  return facts.map((each) => each.name).join(', ');
}

function holds(facts: readonly MemberFacts[]): string {
  return facts.length === 1 ? 'holds' : 'hold';
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return [...left].sort().join() === [...right].sort().join();
}
