/**
 * Seconds; when a unit with `Fence=stop` is surely down on a machine that is cut off. With s the moment the last
 * renewal that succeeded was sent and T the lease's lifetime, in true time:
 *
 *     s + T               the machine counts its lease as lost and stops its fenced units
 *     s + T + kill        what still runs of them is killed
 *     s + T + missing     the engine may decide for another machine, at the earliest (`graceSeconds.missing`)
 *
 * since etcd, which got the renewal after s, does not end the lease before s + T. What is left between the last two
 * is for clocks that run apart and for a machine that is slow to kill (docs/decisions/0016-fencing.md).
 */
export const fenceSeconds = { kill: 1.5 } as const;
