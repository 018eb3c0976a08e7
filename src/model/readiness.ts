import type { SystemdState, UnitStatus } from './status.ts';

/** What else than systemd's word makes a unit ready; it follows from its file. */
export interface Expectation {
  /** `Ready=` has a probe whose word counts. `notify` is none: systemd waits for that one itself. */
  readonly probe: boolean;
  /** It is meant to end: `Type=oneshot` without `RemainAfterExit=yes` (systemd.service(5)). */
  readonly finishes: boolean;
}

/**
 * The active sub states in which a unit of each type does what it is for (`systemctl --state=help`). A service's
 * `exited` is `RemainAfterExit=yes`; a socket's `running` means that its service has taken over.
 */
const workingSubStates: Readonly<Record<string, readonly string[]>> = {
  service: ['running', 'exited'],
  socket: ['listening', 'running'],
  timer: ['waiting', 'running', 'elapsed'],
  path: ['waiting', 'running'],
  mount: ['mounted'],
  automount: ['waiting', 'running'],
  swap: ['active'],
  target: ['active'],
  slice: ['active'],
  scope: ['running', 'abandoned'],
  device: ['plugged'],
};

/** Load states in which systemd can't use the file (systemctl(1)). */
const unusable: ReadonlySet<string> = new Set(['not-found', 'bad-setting', 'error', 'masked']);

/** Whether the unit does what it is for: systemd says so, and its probe too where it has one. */
export function isReady(status: UnitStatus, { probe, finishes }: Expectation): boolean {
  const { unit, active, sub, ready } = status;
  if (isUnusable(status)) return false;
  if (active !== 'active') return finishes && hasFinished(status);
  const type = unit.slice(unit.lastIndexOf('.') + 1);
  return (workingSubStates[type] ?? []).includes(sub) && (probe ? ready?.ok === true : ready?.ok !== false);
}

/**
 * Seconds for which an instance without a probe must stay active: one that dies right after its start would pass
 * for ready, and so would one that has finished for one that has not begun. A probe's word counts at once.
 */
const settleSeconds = 5;

/** From when on a unit that is ready since then counts as available; both in milliseconds of one clock. */
export function settledAt(readySince: number, { probe }: Expectation): number {
  return probe ? readySince : readySince + settleSeconds * 1000;
}

/** An agent that does not tell whether it has started the unit is believed. */
function hasFinished({ active, sub, failure, started = true }: UnitStatus): boolean {
  return started && active === 'inactive' && sub === 'dead' && failure === undefined;
}

/** Whether systemd can't use its file. */
export function isUnusable({ load }: UnitStatus): boolean {
  return unusable.has(load);
}

/** Whether it will not get ready any more by itself: systemd can't use its file, or has given it up. */
export function hasFailed(status: UnitStatus): boolean {
  return isUnusable(status) || status.active === 'failed';
}

/** Whether it has failed and its machine is still reading what it said last. */
export function isSpeaking(status: UnitStatus): boolean {
  return hasFailed(status) && status.failure !== undefined && status.failure.journal === undefined;
}

/** What a user reads of the failure: systemd's `Result=`, or what the unit is instead of loaded. */
export function failureResult(status: UnitStatus): string {
  const { load, sub, failure } = status;
  return failure?.result ?? (isUnusable(status) ? load : sub);
}

/** Why it does not run as one line: systemd's result, or what it says of the file; nothing where it runs. */
export function failureOf(status: UnitStatus): string | undefined {
  if (status.failure) return `failed: ${status.failure.result}`;
  return isUnusable(status) ? `systemd can't use its file: ${status.load}` : undefined;
}

/** Why it does not do what it is for: its failure, or what its probe found. */
export function troubleOf(status: UnitStatus): string | undefined {
  return failureOf(status) ?? (status.ready?.ok === false ? `not ready: ${status.ready.detail}` : undefined);
}

/** Whether nothing of the unit runs. */
export function isDown({ active }: Pick<SystemdState, 'active'>): boolean {
  return active === 'inactive' || active === 'failed';
}

/** Whether it has crashed and systemd is about to start it again; `auto-restart-queued` since systemd 254. */
export function isRestarting({ sub }: Pick<SystemdState, 'sub'>): boolean {
  return sub.startsWith('auto-restart');
}

/** Whether its last run ended in a failure: systemd has given it up, or is about to start it again. */
export function hasCrashed(state: Pick<SystemdState, 'active' | 'sub'>): boolean {
  return state.active === 'failed' || isRestarting(state);
}

/** How a unit was seen to crash and be restarted. systemd alone may go on with that for ever (`Restart=`). */
export interface Crashes {
  readonly restarting: boolean;
  /** What it said last; undefined until that was read. */
  readonly journal: string | undefined;
  /** How often it was seen to crash anew. */
  readonly count: number;
  /** In how many looks it was waiting to be restarted. */
  readonly looks: number;
}

/** systemd's own limit before it gives a unit up, `DefaultStartLimitBurst=` (systemd-system.conf(5)). */
export const crashLimit = 5;

/** The history with one more look in it; undefined before the first. */
export function observeCrash(before: Crashes | undefined, status: UnitStatus): Crashes {
  const restarting = isRestarting(status);
  const known = before?.restarting ? before.journal : undefined;
  const journal = status.failure?.journal?.join('\n') ?? known;
  const anew = restarting && !(before?.restarting && (known === undefined || known === journal));
  return {
    restarting,
    journal,
    count: (before?.count ?? 0) + Number(anew),
    looks: (before?.looks ?? 0) + Number(restarting),
  };
}
