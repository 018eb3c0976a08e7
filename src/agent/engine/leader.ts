import { messageOf } from '../../model/message-of.ts';
import type { Clock } from '../../store/clock.ts';
import { findKey } from '../../store/find-key.ts';
import { engineKey, formatKey, leaderKey, storeFormat } from '../../store/keys.ts';
import { mirror } from '../../store/mirror.ts';
import { Forbidden, type Operation, type Store, type Unchanged } from '../../store/store.ts';
import type { Log } from '../log.ts';
import { Pulse } from '../pulse.ts';
import type { Session } from '../session.ts';

/** Somebody else leads, or led in between: nothing was written. */
class Deposed extends Error {
  override readonly name = 'Deposed';
}

/** The cluster keeps what this engine can't read. */
class Outdated extends Error {
  override readonly name = 'Outdated';
}

/** The right to write decisions, which only the leader has. */
export interface Leadership {
  /** When it began, on the agent's clock. */
  readonly since: number;
  readonly signal: AbortSignal;
  /**
   * Writes, if this machine is still the leader and the other keys are unchanged; answers the store's revision, or
   * undefined when one of those has changed.
   * @throws {Deposed} when it is not, and the store's errors: then nobody knows whether it was written, and
   * a write that comes late fails, because each one renews `engineKey`, which the next one is compared with.
   */
  write(operations: readonly Operation[], unchanged?: readonly Unchanged[]): Promise<bigint | undefined>;
}

export interface LeaderOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly machineId: string;
  /** Whether this machine may lead; default true. One that may not follows nothing and tries nothing. */
  readonly candidate?: boolean;
}

/** Milliseconds after which is looked who leads although no sign of an end was seen: the watch may be deaf. */
const campaignPeriod = 5000;

/** Milliseconds until the next campaign after one, or a time as leader, that failed. */
const retryPause = 1000;

/**
 * The same when this machine may not lead: only etcd machines may, and this one may become one; an agent that is too
 * old gets a new bundle with the next `up`.
 */
const refusedPause = 60_000;

/** Campaigns until `session` ends; `body` runs whenever this machine leads and ends by throwing or by its signal. */
export async function campaign(
  options: LeaderOptions,
  session: Session,
  body: (leadership: Leadership) => Promise<void>,
): Promise<void> {
  const { store, clock, log, machineId, candidate = true } = options;
  // Looking every few seconds who leads would only load etcd, with as many machines as there are.
  if (!candidate) return ended(session.signal);
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
      const forbidden = error instanceof Forbidden;
      pause = forbidden || error instanceof Outdated ? refusedPause : retryPause;
      if (!session.signal.aborted && !forbidden) log(`does not lead the cluster: ${messageOf(error)}`);
    }
    await vacancy.wait(pause, session.signal);
  }
  await watching;
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/**
 * The revision at which this machine was elected, undefined while another one leads. Looks first, since a
 * transaction goes through all of etcd's members even when its comparison fails.
 */
async function elect(store: Store, machineId: string, { lease }: Session): Promise<bigint | undefined> {
  const known = await findKey(store, leaderKey);
  // An earlier try may have been written although its answer got lost.
  if (known) return known.lease === lease.id ? known.modRevision : undefined;
  const format = await findKey(store, formatKey);
  if (format) refuseNewer(format.value);
  const claims = [leaderKey, engineKey].map((put) => ({ put, value: machineId, lease: lease.id }));
  const raised = { put: formatKey, value: String(storeFormat) };
  const { succeeded, revision } = await store.transact({
    compare: [
      { key: leaderKey, createRevision: 0n },
      { key: formatKey, modRevision: format?.modRevision ?? 0n },
    ],
    success: format?.value === raised.value ? claims : [...claims, raised],
  });
  return succeeded ? revision : undefined;
}

/** @throws {Outdated} */
function refuseNewer(format: string): void {
  if (Number(format) <= storeFormat) return;
  throw new Outdated(
    `what it keeps in etcd has format ${format}, and this agent knows formats up to ${storeFormat}; ` +
      'bring all machines to one version with `npm run up`',
  );
}

async function lead(
  { store, clock, machineId }: LeaderOptions,
  { lease, signal }: Session,
  elected: bigint,
  body: (leadership: Leadership) => Promise<void>,
): Promise<void> {
  const election = { key: leaderKey, modRevision: elected };
  const renewal = { put: engineKey, value: machineId, lease: lease.id };
  let last = await lastWrite(store, elected);
  const write = async (operations: readonly Operation[], unchanged: readonly Unchanged[] = []) => {
    const { succeeded, revision } = await store.transact({
      compare: [election, { key: engineKey, modRevision: last }, ...unchanged],
      success: [renewal, ...operations],
    });
    if (succeeded) {
      last = revision;
      return revision;
    }
    if ((await lastWrite(store, elected)) !== last) throw new Deposed('a write of ours came through late');
    return undefined;
  };
  try {
    await body({ since: clock.now(), signal, write });
  } finally {
    await resign(store, election);
  }
}

/**
 * The revision of `engineKey`, under the leader who was elected then.
 * @throws {Deposed} when that one does not lead any more.
 */
async function lastWrite(store: Store, elected: bigint): Promise<bigint> {
  const [leader, engine] = await Promise.all([leaderKey, engineKey].map((key) => findKey(store, key)));
  if (leader?.modRevision !== elected) throw new Deposed('somebody else leads');
  return engine?.modRevision ?? 0n;
}

/** Makes room at once instead of when the lease runs out. Fails when the key is not ours or etcd is away. */
async function resign(store: Store, election: Unchanged): Promise<void> {
  await store.transact({ compare: [election], success: [{ delete: leaderKey }] }).catch(() => {});
}
