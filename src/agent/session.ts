import type { Machine } from '../model/machine.ts';
import { type Clock, sleep } from '../store/clock.ts';
import { encodeMachine, machineKey, parseMachine } from '../store/keys.ts';
import type { KeyValue, Lease, Store } from '../store/store.ts';
import { type Log, messageOf } from './log.ts';

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
  /** Seconds a machine is believed alive after its last sign; default 10. Renewed every third of it. */
  readonly ttl?: number;
}

/** Milliseconds between tries to get a lease. */
const retryPause = 1000;

/**
 * Announces the machine and keeps it announced until `signal` aborts: when the lease is lost, a new one is taken
 * and all is published again. `body` lives as long as one lease does. A lease is not revoked at the end, since
 * an agent that restarts or is upgraded must not look like a machine that died.
 */
export async function keepSession(
  { store, clock, log, machine, ttl = 10 }: SessionOptions,
  signal: AbortSignal,
  body: (session: Session) => Promise<void>,
): Promise<void> {
  const logChange = onlyChanges(log);
  while (!signal.aborted) {
    try {
      const since = clock.now();
      const lease = await store.grant(ttl);
      const refusal = await announce(store, machine, lease);
      if (refusal === undefined) {
        logChange(`${machine.name} is a member of the cluster`);
        await body({ lease, since, signal: AbortSignal.any([signal, lease.lost]) });
        if (!signal.aborted) logChange(`${messageOf(lease.lost.reason)}; units keep running`);
        continue;
      }
      await lease.revoke();
      logChange(refusal);
    } catch (error) {
      logChange(`can't join the cluster: ${messageOf(error)}; trying again`);
    }
    await sleep(clock, retryPause, signal);
  }
}

/** Writes the machine's key; answers why not when it belongs to a different machine that is alive. */
async function announce(store: Store, machine: Machine, lease: Lease): Promise<string | undefined> {
  const key = machineKey(machine.id);
  const known = (await store.list(key)).keys.find((found) => found.key === key);
  const other = known && otherMachine(known, machine);
  if (other) {
    const [mine, theirs] = [`${machine.name} (${machine.address})`, `${other.name} (${other.address})`];
    return (
      `machine id ${machine.id} of ${mine} is in use by ${theirs}: two machines were cloned from one image; ` +
      'remove /etc/machine-id on one of them, run systemd-machine-id-setup and reboot it'
    );
  }
  const { succeeded } = await store.transact({
    compare: [{ key, modRevision: known?.modRevision ?? 0n }],
    success: [{ put: key, value: encodeMachine(machine), lease: lease.id }],
  });
  if (!succeeded) throw new Error(`${key} was written by somebody else at this moment`);
  return undefined;
}

/** The same name and address are this machine before its restart; anything else is a twin. */
function otherMachine({ key, value }: KeyValue, machine: Machine): Machine | undefined {
  const parsed = parseMachine(key, value);
  if ('malformed' in parsed) return undefined;
  const same = parsed.value.name === machine.name && parsed.value.address === machine.address;
  return same ? undefined : parsed.value;
}

/** Says a thing once, not at every try. */
function onlyChanges(log: Log): Log {
  let last: string | undefined;
  return (line) => {
    if (line !== last) log(line);
    last = line;
  };
}
