import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pairOf } from '../model/placement.ts';
import type { Rollout } from '../model/rollout.ts';
import type { UnitStatus } from '../model/status.ts';
import { stepRollout } from './rollout.ts';
import { type Group, isOutdated, isReadyMember } from './rollout-group.ts';
import {
  failedState,
  type RolloutSample,
  sampleGroup,
  sampleRollout,
  sampleStatus,
} from './rollout-sample.ts';
import { observe, type Sights } from './rollout-sights.ts';

const name = 'hello@.service';
const hello = (number: number) => `hello@${number}.service`;

/** Instances on which each version fails. `v1` is good on all of them. */
type Faults = Readonly<Record<string, ReadonlySet<number>>>;

/** Machines that do as they are told, in any order and at any time, and what may befall them. */
class World {
  readonly #max: number;
  readonly #bad: Faults;
  #snapshot: RolloutSample;
  #record: Rollout | undefined;
  #sights: Sights = new Map();
  #now = 0;
  /** What the engine did that it must never do. A matcher for each would take longer than all the rest. */
  readonly faults = new Set<string>();

  constructor(size: number, max: number, bad: Faults) {
    this.#max = max;
    this.#bad = bad;
    this.#snapshot = sampleRollout(size, 'v1', { maxUnavailable: max, deadline: 60 });
  }

  get state(): Rollout['state'] | undefined {
    return this.#record?.state;
  }

  get group(): Group {
    return sampleGroup(name, this.#snapshot, this.#record);
  }

  /** The engine looks, and what it decides is checked before it is done. */
  look(): void {
    const { group } = this;
    this.#sights = observe(this.#sights, group.members, this.#now);
    const record = this.#record;
    const step = stepRollout({
      group,
      ...(record && { record }),
      sights: this.#sights,
      now: this.#now,
      hasFile: () => true,
    });
    const turns = new Set(step.turns.map(pairOf));
    const down = group.members.filter((member) => !isReadyMember(member));
    const taken = step.turns.filter(isReadyMember).length;
    // One that is down and has its version already is none that this rollout tries.
    const changed = (unit: string) => record === undefined || unit in record.to;
    const trying = group.members.filter(
      (member) => !isOutdated(member) && !isReadyMember(member) && changed(member.unit),
    );
    const blind = step.turns.some(({ here, status }) => !here || status === undefined);
    this.#check('more down than MaxUnavailable=', taken === 0 || down.length + taken <= this.#max);
    this.#check('too many tried at once', turns.size === 0 || trying.length + turns.size <= this.#max);
    this.#check('a turn without knowing how it is', !blind);
    this.#check('a turn that no record knows of', step.record === undefined || turns.size === 0);
    this.#check('no reason', step.record === undefined || /^[^;]+/.test(step.record.reason));
    this.#record = step.record ?? record;
    this.want((unit) => step.restore?.[unit]);
    const placements = this.#snapshot.placements.map((placement) => {
      const wanted = step.turns.find((member) => pairOf(member) === pairOf(placement))?.wanted;
      return { ...placement, hash: wanted ?? placement.hash };
    });
    this.#snapshot = { ...this.#snapshot, placements };
  }

  want(version: (unit: string) => string | undefined): void {
    const units = this.#snapshot.units.map((unit) => ({ ...unit, hash: version(unit.name) ?? unit.hash }));
    this.#snapshot = { ...this.#snapshot, units };
  }

  /** The agent installs what it was told and begins to start it, if that is not what it has. */
  install(number: number): void {
    const told = this.#snapshot.placements.find(({ unit }) => unit === hello(number))?.hash ?? '';
    if (this.#status(number)?.hash === told) return;
    this.#says(sampleStatus(hello(number), number, told, { active: 'activating', sub: 'start' }));
  }

  /** What was starting runs or fails. */
  settle(number: number): void {
    const status = this.#status(number);
    if (status?.active !== 'activating') return;
    const bad = this.#bad[status.hash]?.has(number) ?? false;
    this.#says(sampleStatus(hello(number), number, status.hash, bad ? failedState : {}));
  }

  crash(number: number): void {
    const status = this.#status(number);
    if (status) this.#says({ ...status, ...failedState });
  }

  /** Its agent or etcd is away: nobody knows how it is. */
  silence(number: number): void {
    const statuses = this.#snapshot.statuses.filter(({ unit }) => unit !== hello(number));
    this.#snapshot = { ...this.#snapshot, statuses };
  }

  pass(seconds: number): void {
    this.#now += seconds * 1000;
  }

  newLeader(): void {
    this.#sights = new Map();
  }

  #check(fault: string, holds: boolean): void {
    if (!holds) this.faults.add(fault);
  }

  #status(number: number): UnitStatus | undefined {
    return this.#snapshot.statuses.find(({ unit }) => unit === hello(number));
  }

  #says(status: UnitStatus): void {
    this.silence(Number(/@(\d+)/.exec(status.unit)?.[1]));
    this.#snapshot = { ...this.#snapshot, statuses: [...this.#snapshot.statuses, status] };
  }
}

const number = fc.integer({ min: 1, max: 5 });
type Event = (world: World) => void;
const of = (happen: (world: World, number: number) => void) =>
  number.map(
    (each): Event =>
      (world) =>
        happen(world, each),
  );

const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Event>((world) => world.look()) },
  { weight: 6, arbitrary: of((world, each) => world.install(each)) },
  { weight: 6, arbitrary: of((world, each) => world.settle(each)) },
  { weight: 1, arbitrary: of((world, each) => world.crash(each)) },
  { weight: 1, arbitrary: of((world, each) => world.silence(each)) },
  { weight: 1, arbitrary: fc.constant<Event>((world) => world.newLeader()) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 40 }).map(
      (seconds): Event =>
        (world) =>
          world.pass(seconds),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('v1', 'v2', 'v3').map(
      (version): Event =>
        (world) =>
          world.want(() => version),
    ),
  },
);

const faults = fc.record({
  v2: fc.uniqueArray(number).map((numbers) => new Set(numbers)),
  v3: fc.uniqueArray(number).map((numbers) => new Set(numbers)),
});

/** Once nothing more befalls anybody, and every machine says how it is. */
function comeToRest(world: World): void {
  const rests = () => world.state !== 'running' && world.state !== 'rolling-back';
  for (let round = 0; round < 500 && (round < 3 || !rests()); round++) {
    for (const each of [1, 2, 3, 4, 5]) {
      world.install(each);
      world.settle(each);
    }
    world.look();
    world.pass(1);
  }
}

test('never takes more down than it may, in any order of events, and comes to an end', () => {
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 60 }),
      fc.integer({ min: 1, max: 6 }),
      faults,
      (events, max, bad) => {
        const world = new World(5, max, bad);
        for (const happen of events) happen(world);
        comeToRest(world);
        expect([...world.faults]).toEqual([]);
        expect([undefined, 'complete', 'rolled-back', 'failed']).toContain(world.state);
        if (world.state !== 'failed') expect(world.group.members.filter(isOutdated)).toEqual([]);
      },
    ),
    { numRuns: 300 },
  );
});

test('a bad version is taken back whole, and a good one comes whole', () => {
  fc.assert(
    fc.property(fc.uniqueArray(number), fc.integer({ min: 1, max: 6 }), (broken, max) => {
      const world = new World(5, max, { v2: new Set(broken) });
      world.want(() => 'v2');
      comeToRest(world);
      expect([...world.faults]).toEqual([]);
      const hash = broken.length > 0 ? 'v1' : 'v2';
      expect(world.state).toBe(broken.length > 0 ? 'rolled-back' : 'complete');
      for (const member of world.group.members) {
        expect(member).toMatchObject({ hash, wanted: hash });
        expect(isReadyMember(member)).toBe(true);
      }
    }),
  );
});
