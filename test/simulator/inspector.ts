import { unitsReply } from '../../src/agent/api/views.ts';
import type { ManagedUnit } from '../../src/agent/systemd/systemd.ts';
import type { Clock } from '../../src/store/clock.ts';
import { type ClusterState, readClusterState } from '../../src/store/cluster-state.ts';
import { parsePlacement, prefixes, rootPrefix, splitPair } from '../../src/store/keys.ts';
import type { MemoryCluster } from '../../src/store/memory-cluster.ts';
import type { Operation } from '../../src/store/store.ts';
import {
  fencedUnitsLiveOnce,
  startsHaveImages,
  startsHaveOrders,
  stopsHaveOrders,
  stopsHaveReasons,
} from './agent-invariants.ts';
import type { AgentProcess } from './agent-process.ts';
import {
  blindnessIsNotDeath,
  onlyTheLeaderWrites,
  placedOnceUnlessGlobal,
  placementsKeepConstraints,
  removalsHaveCauses,
} from './engine-invariants.ts';
import { firstViolation, type Invariants, type Violation } from './finding.ts';
import { History } from './history.ts';
import type { Host, HostObserver } from './host.ts';
import { needsIn } from './needs.ts';
import {
  chosenKeysAreOfServices,
  desiredIsReached,
  pendingUnitsHaveReasons,
  type Rest,
  rolloutsGoOn,
  servicesAreOfReadyUnits,
  versionsAreCurrent,
} from './rest-invariants.ts';
import type { Decided } from './witness.ts';

const ofWrites = [
  onlyTheLeaderWrites,
  placementsKeepConstraints,
  placedOnceUnlessGlobal,
  removalsHaveCauses,
  blindnessIsNotDeath,
];

/** Milliseconds after which a machine surely knows that its lease is gone: its lifetime, and time to stop units. */
const leaseTime = 12_000;

/** Looks at everything that engines and agents do, in the moment when they do it. */
export class Inspector implements HostObserver {
  readonly note: (line: string) => void;
  readonly history: History;
  /** Every unit file that was applied, by its hash. */
  readonly files = new Map<string, string>();
  readonly #clock: Clock;
  readonly #hosts: () => readonly Host[];
  readonly #stops: { readonly host: Host; readonly process: AgentProcess; readonly unit: string }[] = [];
  #violation: Violation | undefined;
  #actedAt = 0;

  constructor(
    clock: Clock,
    cluster: MemoryCluster,
    note: (line: string) => void,
    hosts: () => readonly Host[],
  ) {
    this.#clock = clock;
    this.history = new History(clock, cluster);
    this.note = note;
    this.#hosts = hosts;
  }

  /** @throws {Violation} the first that was seen since the beginning, or one of the cluster as it is. */
  check(cluster: ClusterState): void {
    this.#hold([pendingUnitsHaveReasons], unitsReply(cluster).units);
    this.#checkLogs();
    if (this.#violation) throw this.#violation;
  }

  /** @throws {Violation} of a cluster after its faults. */
  checkRest(rest: Rest): void {
    this.#hold(
      [desiredIsReached, servicesAreOfReadyUnits, chosenKeysAreOfServices, versionsAreCurrent, rolloutsGoOn],
      rest,
    );
    if (this.#violation) throw this.#violation;
  }

  /** Seconds since an agent touched a unit. */
  get quietFor(): number {
    return (this.#clock.now() - this.#actedAt) / 1000;
  }

  answers(asking: Host, address: string): boolean {
    const asked = this.#hosts().find(({ machine }) => machine.address === address);
    return asking.reachable && asked?.on === true && asked.reachable;
  }

  onDecided(host: Host, { transaction, revision, leader, known }: Decided): void {
    const { id, name } = host.machine;
    const view = readClusterState(known(rootPrefix) ?? new Map(), revision);
    const { put, removed } = decisionsIn(transaction.success);
    for (const { unit, machineId, reason } of put)
      this.note(`${name} places ${unit} on ${machineId[0]}: ${reason}`);
    for (const { unit, machineId } of removed) this.note(`${name} takes ${unit} from ${machineId[0]}`);
    const { leaderFor, missingFor } = this.history;
    const needsOf = needsIn(this.files);
    const writer = { id, name };
    this.#hold(ofWrites, {
      writer,
      leader: leader?.value,
      view,
      put,
      removed,
      leaderFor,
      missingFor,
      needsOf,
    });
  }

  async onStop(host: Host, process: AgentProcess, names: readonly string[]): Promise<void> {
    this.#acts(host, 'stops', names);
    const units = await host.systemd.list();
    const { orders, leaseAge } = process;
    for (const unit of units.filter(({ name }) => names.includes(name))) {
      const fenced = this.#isFenced(unit.name, unit.hash);
      const fact = { machine: host.name, unit, orders: orders.current, fenced, leaseAge };
      this.#hold([stopsHaveOrders], fact);
      this.#stops.push({ host, process, unit: unit.name });
    }
  }

  async onStart(host: Host, process: AgentProcess, names: readonly string[]): Promise<void> {
    this.#acts(host, 'starts', names);
    const units = await host.systemd.list();
    for (const name of names) {
      const unit = units.find((it) => it.name === name);
      this.#hold([startsHaveOrders], { machine: host.name, name, unit, orders: process.orders.current });
      const { images = [] } = (unit && needsIn(this.files)(name, unit.hash))?.flotilla ?? {};
      this.#hold([startsHaveImages], { machine: host.name, name, images, there: host.images.docker });
      if (unit && this.#runsOnce(name, unit.hash)) await this.#checkFenced(host, name);
    }
  }

  close(): void {
    this.history.close();
  }

  /** An agent may log a reason a little after it began to stop; one that is frozen or dead does not say it at all. */
  #checkLogs(): void {
    for (const { host, process, unit } of this.#stops.splice(0)) {
      if (host.process !== process || process.gate.frozen) continue;
      this.#hold([stopsHaveReasons], { machine: host.name, unit, log: process.log });
    }
  }

  async #checkFenced(starting: Host, unit: string): Promise<void> {
    const live = [starting.name];
    for (const host of this.#hosts()) {
      // Nothing can be fenced by leases that the store does not keep.
      if (host === starting || this.#clock.now() - host.leaseTakenAt < leaseTime) continue;
      const there = (await host.systemd.list()).find(({ name }) => name === unit);
      if (there && isLive(there) && this.#runsOnce(unit, there.hash)) live.push(host.name);
    }
    this.#hold([fencedUnitsLiveOnce], { unit, live });
  }

  #isFenced(unit: string, hash: string): boolean {
    return needsIn(this.files)(unit, hash)?.flotilla.fence === 'stop';
  }

  /** A global unit is meant to run everywhere; its fence only keeps it off machines that are cut off. */
  #runsOnce(unit: string, hash: string): boolean {
    return this.#isFenced(unit, hash) && !needsIn(this.files)(unit, hash)?.requirements.global;
  }

  #acts(host: Host, what: string, names: readonly string[]): void {
    this.#actedAt = this.#clock.now();
    this.note(`${host.name} ${what} ${names.join(', ')}`);
  }

  #hold<Fact>(invariants: Invariants<Fact>, fact: Fact): void {
    const violation = firstViolation(invariants, fact);
    if (violation) this.note(`VIOLATION of ${violation.invariant}: ${violation.message}`);
    this.#violation ??= violation;
  }
}

/** Something of it may still run: also while it is being stopped. */
function isLive({ active }: ManagedUnit): boolean {
  return active !== 'inactive' && active !== 'failed';
}

/** Placements that a transaction writes and deletes. */
function decisionsIn(operations: readonly Operation[]) {
  const put = operations.flatMap((operation) => {
    if (!('put' in operation) || !operation.put.startsWith(prefixes.placement)) return [];
    const parsed = parsePlacement(operation.put, operation.value);
    return 'value' in parsed ? parsed.value : [];
  });
  const removed = operations.flatMap((operation) => {
    if (!('delete' in operation) || !operation.delete.startsWith(prefixes.placement)) return [];
    const [machineId, unit] = splitPair(operation.delete, prefixes.placement);
    return { machineId, unit };
  });
  return { put, removed };
}
