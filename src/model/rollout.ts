import type { Reason } from './reason.ts';

export const rolloutStates = [
  'running',
  'paused',
  'complete',
  'rolling-back',
  'rolled-back',
  'failed',
] as const;
export type RolloutState = (typeof rolloutStates)[number];

/** What an operator may do to a rollout, and in which states that has a meaning. */
export const rolloutActions = {
  pause: ['running', 'rolling-back'],
  resume: ['paused', 'failed'],
  undo: ['running', 'paused', 'failed', 'complete'],
} as const satisfies Readonly<Record<string, readonly RolloutState[]>>;
export type RolloutAction = keyof typeof rolloutActions;

/** Whether the engine works on it: what becomes of an instance is the engine's to judge then. */
export function isMoving({ state }: { readonly state: RolloutState }): boolean {
  return state === 'running' || state === 'rolling-back';
}

/** Unit name → sha256 of its file. */
export type Versions = Readonly<Record<string, string>>;

/** Why it failed: the instance, its machine and its last journal lines. */
export interface RolloutFailure {
  readonly unit: string;
  readonly machine: string;
  readonly journal: readonly string[];
}

/** What the engine keeps of a rollout: `/flotilla/rollouts/<name>`. Written when it changes, not while it goes on. */
export interface Rollout {
  /** The template `hello@.service`, or the global unit. */
  readonly name: string;
  readonly state: RolloutState;
  /** Which version the units have been told: `forward` is `to`, `back` is `from`. */
  readonly direction: 'forward' | 'back';
  /** The last version that was complete, of all units of that time. Its files are kept. */
  readonly from: Versions;
  /** The version that replaces it, of the units that change. */
  readonly to: Versions;
  readonly reason: Reason;
  readonly failure?: RolloutFailure;
}
