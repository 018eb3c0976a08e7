/** Milliseconds. All members must have the same; the election timeout is ten heartbeats (etcd's tuning guide). */
export interface EtcdTiming {
  readonly heartbeat: number;
  readonly election: number;
}

/** `emulated`: without KVM a member may not get the processor for a second while others boot. */
export const etcdTimings = {
  standard: { heartbeat: 100, election: 1000 },
  emulated: { heartbeat: 300, election: 3000 },
} as const satisfies Record<string, EtcdTiming>;
