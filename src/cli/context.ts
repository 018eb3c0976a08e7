import type { Probes } from '../doctor/probes.ts';
import type { PollClock } from '../push/poll-clock.ts';
import type { Terminal } from '../ssh/interactive.ts';
import type { Cluster, OpenOptions } from './cluster.ts';

/** All that a command may touch outside of itself; tests give their own. */
export interface Context {
  readonly terminal: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  readonly clock: PollClock;
  /** Absolute path of the clone; undefined in an installed package, which is part of somebody's project. */
  readonly clone: string | undefined;
  /** What `doctor` looks with. */
  probes(): Promise<Probes>;
  openCluster(options: OpenOptions): Promise<Cluster>;
  /** What the command leaves behind for `run`. */
  readonly outcome: Outcome;
}

export interface Outcome {
  /** Exit status; 0 until the command says otherwise. */
  status: number;
  /** Errors are shown with their stack and causes. */
  debug: boolean;
}
