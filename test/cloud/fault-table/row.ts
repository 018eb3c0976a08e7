import type { CallFault, MachineFault } from '../faults.ts';

/** Something that goes wrong in the cloud, what is to come of it, and what a user does about it then. */
export interface Row {
  /** What goes wrong, for people. */
  readonly what: string;
  /** What the stack has beside the usual; its inventory is held against that of the same config without faults. */
  readonly config?: 'plain' | 'load balancer';
  /** What somebody has changed in the stack's config for that run, and takes back after it. */
  readonly change?: Readonly<Record<string, unknown>>;
  /** Whether the stack is up already, and in which run things go wrong. Default: it is not, and `up` is the run. */
  readonly run?: 'up' | 'up again' | 'up --refresh' | 'destroy';
  readonly faults?: readonly (CallFault | MachineFault)[];
  /** What somebody has done in the cloud before that run, past Pulumi: a name in the cloud's `deeds`. */
  readonly before?: string;
  /** Of the run's environment, such as deadlines that are a thousandth of what they are. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly expected: 'retried' | Report;
  /** What the user does before the next run, as the report says: a name in the cloud's `deeds`. */
  readonly mend?: string;
  /** Flags that the report names for the next run. */
  readonly flags?: readonly string[];
}

/** What the run has to say: which resource, in the cloud's own words why, and what to do. */
export interface Report {
  readonly resource: string;
  readonly cause: string;
  readonly next: string;
  /** Whether the run ends well all the same. */
  readonly warns?: boolean;
}
