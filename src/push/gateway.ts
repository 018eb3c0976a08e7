import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, SshTarget } from '../ssh/connection.ts';
import type { ConnectionPool } from '../ssh/pool.ts';

/**
 * A machine whose agent can be asked. It is connected to only when its turn comes; whoever made the gateway
 * shares and closes the connection.
 */
export interface Gateway {
  /** For messages: the machine's name. */
  readonly name: string;
  connect(signal?: AbortSignal): Promise<Connection>;
}

/**
 * The machines whose agents take changes: those with etcd, since no other's certificate may write them. All of them
 * where none is known to have etcd, as in the state of an earlier version.
 */
export function changeTakers<M extends { readonly etcd: boolean }>(machines: readonly M[]): readonly M[] {
  const takers = machines.filter(({ etcd }) => etcd);
  return takers.length > 0 ? takers : machines;
}

/**
 * Seconds that a machine's SSH gets where a change waits for it; of several gateways the others are asked long before.
 * Three emulated ones on a busy computer were silent for 15 s all at once, and one for 30 s while another one woke.
 */
export const connectDeadline = 60;

/** A gateway whose connection the pool dials, shares and closes. `log` hears of a dial that takes long. */
export function sshGateway(
  pool: Pick<ConnectionPool, 'get'>,
  target: SshTarget,
  log?: (line: string) => void,
): Gateway {
  const options = { deadline: connectDeadline, ...(log ? { log } : {}) };
  return {
    name: target.name,
    connect: (signal) => pool.get(target, signal ? { ...options, signal } : options),
  };
}

/**
 * The result of the first candidate for which `attempt` succeeds. The second starts when the first failed, or
 * `headStart` seconds after it without stopping it, and so on: a dead machine costs a head start, not a whole
 * deadline, and a slow one is still heard. Throws an AggregateError with every failure, in the candidates' order.
 */
export async function firstToSucceed<C, R>(
  candidates: readonly C[],
  attempt: (candidate: C, signal: AbortSignal) => Promise<R>,
  { headStart, signal }: { headStart: number; signal?: AbortSignal | undefined },
): Promise<R> {
  const settled = new AbortController();
  const stop = signal ? AbortSignal.any([signal, settled.signal]) : settled.signal;
  const attempts: Promise<R>[] = [];
  let turn: Promise<unknown> = Promise.resolve();
  for (const candidate of candidates) {
    const mine = turn.then(() => {
      stop.throwIfAborted();
      return attempt(candidate, stop);
    });
    const patience = turn.then(() => sleep(headStart * 1000, undefined, { signal: stop }));
    turn = Promise.race([mine.catch(() => undefined), patience.catch(() => undefined)]);
    attempts.push(mine);
  }
  try {
    return await Promise.any(attempts);
  } finally {
    settled.abort();
  }
}
