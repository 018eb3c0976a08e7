import { pairOf } from '../model/placement.ts';
import type { Rollout } from '../model/rollout.ts';
import type { UnitStatus } from '../model/status.ts';
import { type Step, stepRollout } from './rollout.ts';
import { type RolloutSample, sampleGroup, sampleRollout, sampleStatus } from './rollout-sample.ts';
import { observe, type Sights } from './rollout-sights.ts';
import { sampleMachine } from './sample.ts';

const name = 'hello@.service';

export const hello = (number: number) => `hello@${number}.service`;

/** A group that a test changes and looks at, with what the engine would have written. */
export class Trial {
  snapshot: RolloutSample;
  record: Rollout | undefined;
  now = 0;
  #sights: Sights = new Map();
  readonly files = new Set(['v1', 'v2', 'v3']);

  constructor(snapshot: RolloutSample) {
    this.snapshot = snapshot;
  }

  /** One look, carried out. */
  look(): Step {
    const { record, now } = this;
    const group = sampleGroup(name, this.snapshot, record);
    this.#sights = observe(this.#sights, group.members, now);
    const hasFile = (hash: string) => this.files.has(hash);
    const step = stepRollout({ group, ...(record && { record }), sights: this.#sights, now, hasFile });
    this.record = step.record ?? record;
    this.want(step.restore ?? {});
    const turns = new Map(step.turns.map((member) => [pairOf(member), member.wanted]));
    const placements = this.snapshot.placements.map((placement) => {
      return { ...placement, hash: turns.get(pairOf(placement)) ?? placement.hash };
    });
    this.snapshot = { ...this.snapshot, placements };
    return step;
  }

  /** Names of the units that get their turn at this look. */
  turns(): string[] {
    return this.look().turns.map(({ unit }) => unit);
  }

  want(versions: Readonly<Record<string, string>>): void {
    const units = this.snapshot.units.map((unit) => ({ ...unit, hash: versions[unit.name] ?? unit.hash }));
    this.snapshot = { ...this.snapshot, units };
  }

  /** What the instance's machine says of it from now on. */
  says(number: number, hash: string, changes: Partial<UnitStatus> = {}): void {
    const status = sampleStatus(hello(number), number, hash, changes);
    const others = this.snapshot.statuses.filter(({ unit }) => unit !== status.unit);
    this.snapshot = { ...this.snapshot, statuses: [...others, status] };
  }

  silence(number: number): void {
    const statuses = this.snapshot.statuses.filter(({ unit }) => unit !== hello(number));
    this.snapshot = { ...this.snapshot, statuses };
  }

  leaves(number: number, held: boolean): void {
    const { id } = sampleMachine(number);
    this.silence(number);
    const machines = this.snapshot.machines.filter((machine) => machine.id !== id);
    this.snapshot = { ...this.snapshot, machines, held: new Set(held ? [id] : []) };
  }
}

/** A rollout from v1 to v2 whose record stands already. */
export function startedRollout(count: number, policy: Parameters<typeof sampleRollout>[2] = {}): Trial {
  const trial = new Trial(sampleRollout(count, 'v2', policy));
  trial.look();
  return trial;
}
