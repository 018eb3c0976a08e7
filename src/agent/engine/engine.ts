import { schedule } from '../../scheduler/schedule.ts';
import type { Decision } from '../../scheduler/snapshot.ts';
import { type Clock, sleep } from '../../store/clock.ts';
import { type ClusterState, machineNames, readClusterState } from '../../store/cluster-state.ts';
import { changeKey, fileKey, type Malformed, prefixes, rootPrefix } from '../../store/keys.ts';
import { type MirrorView, mirror } from '../../store/mirror.ts';
import type { Operation, Store } from '../../store/store.ts';
import { operationsInBatches } from '../../store/transaction.ts';
import type { Log } from '../log.ts';
import { Pulse } from '../pulse.ts';
import { Certificates, type SignServiceLeaf } from './certificates.ts';
import { snapshotOf } from './cluster-snapshot.ts';
import type { Draft, Look } from './draft.ts';
import { FailedUnits } from './failed-units.ts';
import { Garbage } from './garbage.ts';
import type { Leadership } from './leader.ts';
import { Leaving } from './leaving.ts';
import { machineRecords } from './machine-records.ts';
import { Rebalancing } from './rebalancing.ts';
import { holdBack, type RolloutPlan, Rollouts, withVersionsInUse } from './rollouts.ts';
import { type Dial, SecondOpinion } from './second-opinion.ts';
import { Settling } from './settling.ts';
import { transactionsOf } from './transactions.ts';
import { type FactsOf, factsIn } from './unit-facts.ts';
import { Watchman } from './watchman.ts';

export interface EngineOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** When this machine got its lease, see `graceSeconds.newSession`. */
  readonly sessionSince: number;
  /** Asks a machine that is missing whether it is there nevertheless; without it, missing machines count as dead. */
  readonly dial?: Dial;
  /** Signs certificates of services; without it, requests are refused. */
  readonly sign?: SignServiceLeaf;
}

/** Milliseconds that changes are collected for before deciding: a batch of units is one decision. */
const collectFor = 50;

/** The same at most. Where a look takes long, changes are collected for as long: they would wait for its end anyway. */
const collectForAtMost = 1000;

/** Milliseconds between looks without any change, for the garbage and against anything overlooked. */
const idlePeriod = 60_000;

/** Milliseconds after which a look is worth a line: units that failed, or their machines, wait for it. */
const slowLook = 2000;

/**
 * Decides for the whole cluster while this machine leads: copy of the store → scheduler → decisions written.
 * Ends by `Deposed`, by the store's errors, or when leadership ends.
 */
export async function runEngine(options: EngineOptions, leadership: Leadership): Promise<void> {
  const { store, clock, log } = options;
  const stop = new AbortController();
  const signal = AbortSignal.any([leadership.signal, stop.signal]);
  const pulse = new Pulse(clock);
  let view: MirrorView | undefined;
  const onChange = (changed: MirrorView) => {
    view = changed;
    pulse.ring();
  };
  const onLoss = () => {
    view = undefined;
  };
  const following = mirror({ store, prefix: rootPrefix, clock, log, onChange, onLoss }, signal);
  const engine = new Engine(options, leadership, new SecondOpinion({ ...options, signal, pulse }));
  try {
    let wait = idlePeriod;
    let took = 0;
    while (!signal.aborted) {
      await pulse.wait(wait, signal);
      await sleep(clock, Math.min(Math.max(collectFor, took), collectForAtMost), signal);
      if (!view || signal.aborted) continue;
      const began = clock.now();
      wait = await engine.decide(view);
      took = Math.round(clock.now() - began);
      if (took > slowLook)
        log(`looking at ${view.entries.size} keys and writing what follows took ${took} ms`);
    }
  } finally {
    stop.abort();
    await following;
  }
}

class Engine {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #leadership: Leadership;
  readonly #watchman: Watchman;
  readonly #failedUnits = new FailedUnits();
  readonly #garbage = new Garbage();
  readonly #leaving = new Leaving();
  readonly #settling = new Settling();
  readonly #rollouts = new Rollouts();
  readonly #reported = new Set<string>();
  readonly #rebalancing: Rebalancing;
  readonly #certificates: Certificates;
  /** Revision of the last own write: a copy older than that would lead to deciding the same twice. */
  #written = 0n;

  constructor(
    { clock, log, sessionSince, sign }: EngineOptions,
    leadership: Leadership,
    secondOpinion: SecondOpinion,
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#leadership = leadership;
    this.#watchman = new Watchman({ leaderSince: leadership.since, sessionSince }, secondOpinion, log);
    this.#rebalancing = new Rebalancing(log);
    this.#certificates = new Certificates(sign);
  }

  /** Decides and writes; answers in how many milliseconds to look again if nothing changes until then. */
  async decide({ entries, revision }: MirrorView): Promise<number> {
    if (revision < this.#written) return idlePeriod;
    const now = this.#clock.now();
    const cluster = readClusterState(entries, revision);
    for (const problem of cluster.malformed) this.#report(sayMalformed(problem));
    const factsOf = factsIn(cluster.files);
    const grace = this.#watchman.look(cluster, now);
    const rollouts = this.#rollouts.look(cluster, grace.held, now, factsOf);
    for (const problem of rollouts.problems) this.#report(problem);
    if (!(await this.#record(rollouts))) return idlePeriod;
    const snapshot = withVersionsInUse(snapshotOf(cluster, grace, factsOf), rollouts, factsOf);
    const { avoid, until } = this.#failedUnits.look({ now, cluster, snapshot });
    const fresh = this.#settling.look(cluster, snapshot.units, now);
    const look = { now, cluster, snapshot: { ...snapshot, avoid, settling: fresh.settling } };
    const draft = this.#rebalancing.add(holdBack(this.#schedule(look, until), rollouts), look);
    const left = this.#leaving.look(cluster, now);
    const others = [
      ...draft.operations,
      ...machineRecords(cluster),
      ...malformedPlacements(cluster),
      ...left.operations,
    ];
    for (const operations of transactionsOf(draft.decisions, others, this.#leaving.notes(cluster, factsOf))) {
      this.#written = (await this.#leadership.write(operations)) ?? this.#written;
    }
    const nameOf = machineNames(cluster);
    for (const decision of draft.decisions) this.#log(sayDecision(decision, nameOf));
    await this.#answerRequests(cluster, factsOf);
    await this.#collectGarbage(cluster, now);
    return Math.min(idlePeriod, ...[grace, draft, left, fresh].map(({ until }) => until - now));
  }

  #schedule({ snapshot, now }: Look, until: number): Draft {
    const { decisions, staying } = schedule(snapshot);
    const again = this.#failedUnits.stayed(staying);
    return { decisions, operations: [], until: again ? now : until };
  }

  /**
   * Comes before the decisions: no instance may have a version that its rollout's record does not know. Answers
   * whether it is so; else somebody was faster, and the change of theirs leads to the next look.
   */
  async #record({ operations, unchanged, notes }: RolloutPlan): Promise<boolean> {
    if (operations.length === 0) return true;
    const written = await this.#leadership.write(operations, unchanged);
    if (written === undefined) return false;
    this.#written = written;
    for (const note of notes) this.#log(note);
    return true;
  }

  /** After the decisions, which nobody's certificate shall hold up. */
  async #answerRequests(cluster: ClusterState, factsOf: FactsOf): Promise<void> {
    const operations = await this.#certificates.look(cluster, factsOf);
    for (const batch of operationsInBatches(operations)) {
      this.#written = (await this.#leadership.write(batch)) ?? this.#written;
    }
  }

  /** Under `changeKey`: whoever is about to refer to one of these files changes `changeKey` in the same transaction. */
  async #collectGarbage(cluster: ClusterState, now: number): Promise<void> {
    const unused = this.#garbage.collect(cluster, now).map((hash) => ({ delete: fileKey(hash) }));
    // What is left has its turn at the next look, which the change of the key leads to.
    const [deletions = []] = operationsInBatches(unused);
    if (deletions.length === 0) return;
    const unchanged = { key: changeKey, modRevision: cluster.revisionOf(changeKey) };
    const written = await this.#leadership.write(
      [...deletions, { put: changeKey, value: 'gc' }],
      [unchanged],
    );
    if (written === undefined) return;
    this.#written = written;
    this.#log(`removed ${deletions.length} unit files that nothing refers to`);
  }

  /** Once, however often it is seen. */
  #report(line: string): void {
    if (!this.#reported.has(line)) this.#log(line);
    this.#reported.add(line);
  }
}

function sayMalformed({ key, problem }: Malformed): string {
  if (key.startsWith(prefixes.placement)) return `${key} is malformed and removed: ${problem}`;
  const again = key.startsWith(prefixes.unit) ? 'push the unit again, or ' : '';
  return `${key} is malformed and passed over: ${problem}; ${again}delete the key with etcdctl (docs/etcd.md)`;
}

/** Only the engine writes placements, so one that can't be read is of no use to anybody. */
function malformedPlacements({ malformed }: ClusterState): Operation[] {
  return malformed.flatMap(({ key }) => (key.startsWith(prefixes.placement) ? { delete: key } : []));
}

function sayDecision(decision: Decision, nameOf: (id: string) => string): string {
  if (decision.type === 'remove') {
    return `takes ${decision.unit} from ${nameOf(decision.machineId)}: ${decision.reason}`;
  }
  const { unit, machineId, reason } = decision.placement;
  return `places ${unit} on ${nameOf(machineId)}: ${reason}`;
}
