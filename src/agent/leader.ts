import type { Clock } from '../store/clock.ts';
import { leaderKey } from '../store/keys.ts';
import { mirror } from '../store/mirror.ts';
import type { Operation, Store } from '../store/store.ts';
import { type Log, messageOf } from './log.ts';
import { Pulse } from './pulse.ts';
import type { Session } from './session.ts';

/** Somebody else leads, or led in between: nothing was written. */
export class Deposed extends Error {
  override readonly name = 'Deposed';
}

/** The right to write decisions, which only the leader has. */
export interface Leadership {
  /** When it began, on the agent's clock. */
  readonly since: number;
  readonly signal: AbortSignal;
  /**
   * Writes, if this machine is still the leader and the guards hold; answers the store's revision, or
   * undefined when a guard does not hold.
   * @throws {Deposed} when it is not, and the store's errors: then nobody knows whether it was written, and
   * a write that comes late fails, because each one renews the key that the next one is compared with.
   */
  write(operations: readonly Operation[], guards?: readonly Guard[]): Promise<bigint | undefined>;
}

/** Another key that must not have changed. */
export interface Guard {
  readonly key: string;
  readonly modRevision: bigint;
}

export interface LeaderOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly machineId: string;
}

/** Milliseconds after which a campaign is tried again though no sign of an end of the other's was seen. */
const campaignPeriod = 10_000;

/** Milliseconds until the next campaign after one, or a time as leader, that failed. */
const retryPause = 1000;

/** Campaigns until `session` ends; `body` runs whenever this machine leads and ends by throwing or by its signal. */
export async function campaign(
  options: LeaderOptions,
  session: Session,
  body: (leadership: Leadership) => Promise<void>,
): Promise<void> {
  const { store, clock, log, machineId } = options;
  const vacancy = new Pulse(clock);
  const watching = mirror(
    { store, prefix: leaderKey, clock, log, onChange: ({ entries }) => entries.size === 0 && vacancy.ring() },
    session.signal,
  );
  while (!session.signal.aborted) {
    let pause = campaignPeriod;
    try {
      const revision = await elect(store, machineId, session);
      if (revision !== undefined) {
        log('leads the cluster now');
        await lead(options, session, revision, body);
      }
    } catch (error) {
      pause = retryPause;
      if (!session.signal.aborted) log(`does not lead the cluster: ${messageOf(error)}`);
    }
    await vacancy.wait(pause, session.signal);
  }
  await watching;
}

/** The leader key's modification revision when it is ours now. */
async function elect(store: Store, machineId: string, { lease }: Session): Promise<bigint | undefined> {
  const { succeeded, revision } = await store.transact({
    compare: [{ key: leaderKey, createRevision: 0n }],
    success: [{ put: leaderKey, value: machineId, lease: lease.id }],
  });
  if (succeeded) return revision;
  // An earlier try may have been written although its answer got lost.
  const { keys } = await store.list(leaderKey);
  return keys.find((found) => found.key === leaderKey && found.lease === lease.id)?.modRevision;
}

async function lead(
  { store, clock, machineId }: LeaderOptions,
  { lease, signal }: Session,
  elected: bigint,
  body: (leadership: Leadership) => Promise<void>,
): Promise<void> {
  let fence = elected;
  const renewal = { put: leaderKey, value: machineId, lease: lease.id };
  const write = async (operations: readonly Operation[], guards: readonly Guard[] = []) => {
    const { succeeded, revision } = await store.transact({
      compare: [{ key: leaderKey, modRevision: fence }, ...guards],
      success: [renewal, ...operations],
    });
    if (succeeded) {
      fence = revision;
      return revision;
    }
    const { keys } = await store.list(leaderKey);
    const own = keys.some(({ key, modRevision }) => key === leaderKey && modRevision === fence);
    if (!own) throw new Deposed('somebody else leads, or a write of ours came through late');
    return undefined;
  };
  try {
    await body({ since: clock.now(), signal, write });
  } finally {
    await resign(store, fence);
  }
}

/** Makes room at once instead of when the lease runs out. Fails when the key is not ours or etcd is away. */
async function resign(store: Store, fence: bigint): Promise<void> {
  const compare = [{ key: leaderKey, modRevision: fence }];
  await store.transact({ compare, success: [{ delete: leaderKey }] }).catch(() => {});
}
