import * as z from 'zod';
import type { Immutable } from './immutable.ts';

export const rolloutStates = [
  'running',
  'paused',
  'complete',
  'rolling-back',
  'rolled-back',
  'failed',
] as const;
export type RolloutState = (typeof rolloutStates)[number];
export const rolloutStateSchema = z.enum(rolloutStates);

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

const versionsSchema = z.record(z.string(), z.string());

/** Unit name → sha256 of its file. */
export type Versions = Immutable<z.infer<typeof versionsSchema>>;

export const rolloutFailureSchema = z.object({
  unit: z.string(),
  machine: z.string(),
  journal: z.array(z.string()),
});

/** Why it failed: the instance, its machine and its last journal lines. */
export type RolloutFailure = Immutable<z.infer<typeof rolloutFailureSchema>>;

export const rolloutSchema = z.object({
  /** The template `hello@.service`, or the global unit. */
  name: z.string(),
  state: rolloutStateSchema,
  /** Which version the units have been told: `forward` is `to`, `back` is `from`. */
  direction: z.enum(['forward', 'back']),
  /** The last version that was complete, of all units of that time. Its files are kept. */
  from: versionsSchema,
  /** The version that replaces it, of the units that change. */
  to: versionsSchema,
  reason: z.string(),
  failure: rolloutFailureSchema.exactOptional(),
});

/** What the engine keeps of a rollout: `/flotilla/rollouts/<name>`. Written when it changes, not while it goes on. */
export type Rollout = Immutable<z.infer<typeof rolloutSchema>>;
