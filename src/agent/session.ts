import { leaseSeconds } from '../model/lease.ts';
import type { Machine } from '../model/machine.ts';
import { messageOf } from '../model/message-of.ts';
import { type Clock, sleep } from '../store/clock.ts';
import { findKey } from '../store/find-key.ts';
import { encodeMachine, machineKey, parseMachine, servicePrefix, statusPrefix } from '../store/keys.ts';
import type { KeyValue, Lease, Operation, Store } from '../store/store.ts';
import { operationsInBatches } from '../store/transaction.ts';
import type { Log } from './log.ts';

/** This machine's membership: one lease that every volatile key of the machine hangs on. */
export interface Session {
  readonly lease: Lease;
  /** When the lease was granted, on the agent's clock. */
  readonly since: number;
  /** Aborts when the lease is lost or the agent ends. */
  readonly signal: AbortSignal;
}

export interface SessionOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly machine: Machine;
  /** Seconds a machine is believed alive after its last sign; default `leaseSeconds`. Renewed every third of it. */
  readonly ttl?: number;
  /** Told what keeps the machine out, and undefined once it is a member. */
  readonly onStanding?: (refusal: string | undefined) => void;
}

/** Milliseconds between tries to get a lease. */
const retryPause = 1000;

/**
 * Announces the machine and keeps it announced until `signal` aborts: when the lease is lost, a new one is taken
 * and all is published again. `body` lives as long as one lease does. A lease is not revoked at the end, since
 * an agent that restarts or is upgraded must not look like a machine that died.
 */
export async function keepSession(
  { store, clock, log, machine, ttl = leaseSeconds, onStanding = () => {} }: SessionOptions,
  signal: AbortSignal,
  body: (session: Session) => Promise<void>,
): Promise<void> {
  const logChange = onlyChanges(log);
  while (!signal.aborted) {
    try {
      const known = await findKey(store, machineKey(machine.id));
      const refusal = known && refusalOf(known, machine);
      if (refusal === undefined) {
        const since = clock.now();
        const lease = await store.grant(ttl);
        await announce(store, machine, lease, known);
        onStanding(undefined);
        logChange(`${machine.name} is a member of the cluster`);
        await whileKept(
          lease,
          body({ lease, since, signal: AbortSignal.any([signal, lease.lost]) }),
          (why) => {
            if (!signal.aborted) logChange(`${why}; units keep running, but for those with Fence=stop`);
          },
        );
        continue;
      }
      logChange(refusal);
      onStanding(refusal);
    } catch (error) {
      logChange(`can't join the cluster: ${messageOf(error)}; trying again`);
    }
    await sleep(clock, retryPause, signal);
  }
}

/** Tells of the lease's loss at once: what a member's work has asked of a store that is silent can take a while to end. */
async function whileKept(lease: Lease, work: Promise<void>, onLoss: (why: string) => void): Promise<void> {
  const tell = () => onLoss(messageOf(lease.lost.reason));
  if (lease.lost.aborted) tell();
  else lease.lost.addEventListener('abort', tell);
  await work.finally(() => lease.lost.removeEventListener('abort', tell));
}

/** Writes the machine's key, if it still is as it was `known`. */
async function announce(
  store: Store,
  machine: Machine,
  lease: Lease,
  known: KeyValue | undefined,
): Promise<void> {
  const key = machineKey(machine.id);
  const prefixes = [statusPrefix(machine.id), servicePrefix(machine.id)];
  const told = await Promise.all(prefixes.map((prefix) => store.list(prefix)));
  const operations: Operation[] = [
    { put: key, value: encodeMachine(machine), lease: lease.id },
    // What an earlier agent said of units must not vanish with its lease before this one has looked: others would
    // take fenced units for stopped while this machine, a member, runs them, and send nobody to its services.
    ...told.flatMap(({ keys }) => keys.map(({ key, value }) => ({ put: key, value, lease: lease.id }))),
  ];
  let modRevision = known?.modRevision ?? 0n;
  for (const [at, success] of operationsInBatches(operations).entries()) {
    const { succeeded, revision } = await store.transact({ compare: [{ key, modRevision }], success });
    if (!succeeded) {
      await lease.revoke();
      throw new Error(`${key} was written by somebody else at this moment`);
    }
    if (at === 0) modRevision = revision;
  }
}

/**
 * Why this machine is not the one that the key is of; undefined if it is. Another name or address is a twin's.
 * Another boot is this machine before it rebooted, or a twin to the last bit: the first loses its lease soon.
 */
function refusalOf({ key, value }: KeyValue, machine: Machine): string | undefined {
  const parsed = parseMachine(key, value);
  if ('malformed' in parsed) return undefined;
  const other = parsed.value;
  const [mine, theirs] = [machine, other].map(({ name, address }) => `${name} (${address})`);
  if (mine !== theirs) {
    return (
      `machine id ${machine.id} of ${mine} is in use by ${theirs}: two machines were cloned from one image; ` +
      'remove /etc/machine-id on one of them, run systemd-machine-id-setup and reboot it'
    );
  }
  if (other.bootId === machine.bootId) return undefined;
  return `${mine} was here before it booted; waiting until the lease of that time has ended`;
}

/** Says a thing once, not at every try. */
function onlyChanges(log: Log): Log {
  let last: string | undefined;
  return (line) => {
    if (line !== last) log(line);
    last = line;
  };
}
