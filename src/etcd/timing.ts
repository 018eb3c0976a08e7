/**
 * Milliseconds. All members must have the same. The election timeout is ten heartbeats (etcd's tuning guide), and never
 * less than five, as etcd has it.
 */
export interface EtcdTiming {
  readonly heartbeat: number;
  readonly election: number;
  /** How long an answer may take before etcd's journal tells of it. Left out, it is as etcd has it: 100 or 300. */
  readonly slow?: number;
  /** Between two writes of its database, of whose content its log on disk has all. Left out: 100, as etcd has it. */
  readonly batch?: number;
}

/**
 * `emulated`: without KVM a member may not get the processor for a second while others boot. What is told of slow answers
 * would be most of the journal then, and make them slower; and each timer that rings costs a thousand times of what it
 * costs elsewhere: half as many heartbeats, five to an election, save idle members a seventh of their processor time.
 */
export const etcdTimings = {
  standard: { heartbeat: 100, election: 1000 },
  emulated: { heartbeat: 600, election: 3000, slow: 3000, batch: 1000 },
} as const satisfies Record<string, EtcdTiming>;
