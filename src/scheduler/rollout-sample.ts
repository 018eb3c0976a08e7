import type { RolloutPolicy } from '../model/flotilla-options.ts';
import type { Rollout } from '../model/rollout.ts';
import type { UnitStatus } from '../model/status.ts';
import {
  type Group,
  groupOf,
  type RollingUnit,
  type RolloutSources,
  rolloutSnapshot,
} from './rollout-group.ts';
import { sampleMachine, samplePlacement } from './sample.ts';

/** A unit as it rolls, for tests; policy and expectation are the defaults. */
export function sampleRolling(name: string, hash: string, policy: Partial<RolloutPolicy> = {}): RollingUnit {
  return {
    name,
    hash,
    targetState: 'launched',
    global: false,
    policy: { maxUnavailable: 1, rollback: true, deadline: 300, ...policy },
    expects: { probe: true, finishes: false },
  };
}

/** What machine `core-<number>` says of a unit, for tests: ready, by systemd and by its probe, or in another state. */
export function sampleStatus(
  unit: string,
  machine: number,
  hash: string,
  changes: Partial<UnitStatus> = {},
): UnitStatus {
  const ready = { ok: true, detail: 'port 80 accepts connections' };
  const state = { load: 'loaded', active: 'active', sub: 'running', ready };
  return { unit, machineId: sampleMachine(machine).id, hash, ...state, ...changes };
}

export const failedState = {
  active: 'failed',
  sub: 'failed',
  failure: { result: 'exit-code', journal: ['the disk is on fire'] },
} as const;

/** The cluster as tests change it. */
export interface RolloutSample extends RolloutSources {
  readonly units: readonly RollingUnit[];
  readonly held: ReadonlySet<string>;
}

export function sampleGroup(
  name: string,
  { units, held, ...sources }: RolloutSample,
  record?: Rollout,
): Group {
  return groupOf(name, units, rolloutSnapshot(sources, held), record);
}

/** Instances `hello@1` … of a template, each on the machine of its number, that run `v1` and shall run `wanted`. */
export function sampleRollout(
  count: number,
  wanted: string,
  policy: Partial<RolloutPolicy> = {},
): RolloutSample {
  const numbers = Array.from({ length: count }, (_, at) => at + 1);
  return {
    machines: numbers.map((number) => sampleMachine(number)),
    held: new Set(),
    units: numbers.map((number) => sampleRolling(`hello@${number}.service`, wanted, policy)),
    placements: numbers.map((number) => samplePlacement(`hello@${number}.service`, number)),
    statuses: numbers.map((number) => sampleStatus(`hello@${number}.service`, number, 'v1')),
  };
}
