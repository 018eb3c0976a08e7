import { Backoff } from './backoff.ts';
import { type Clock, sleep } from './clock.ts';
import type { Lease } from './store.ts';

/** What keeping a lease needs from the store behind it. */
export interface LeaseCalls {
  /** One keep-alive; answers the seconds the store granted, 0 when it no longer knows the lease. */
  renew(): Promise<number>;
  revoke(): Promise<void>;
}

/** Renewing every third of the lifetime leaves two more tries before it ends. */
const renewalsPerLifetime = 3;

/** Milliseconds after renewals that failed. They stay short: the store may be back just before the lease ends. */
const retryPauses = { first: 500, most: 1000 };

export interface LeaseOptions {
  readonly id: string;
  /** Seconds, as granted. */
  readonly ttl: number;
  /** When the grant was sent, on `clock`. */
  readonly sent: number;
  readonly clock: Clock;
  readonly calls: LeaseCalls;
  /** Aborts when the store is closed: renewals end with it. */
  readonly closed: AbortSignal;
}

/**
 * Keeps a lease alive and knows when it is lost. The lifetime counts from the moment the last successful
 * renewal was *sent*: the store starts counting later, so this side always ends first.
 */
export function keepLease({ id, ttl, sent, clock, calls, closed }: LeaseOptions): Lease {
  const lost = new AbortController();
  let cancelExpiry = () => {};
  let endsAt = sent + ttl * 1000;
  const lose = (why: string) => {
    cancelExpiry();
    if (!lost.signal.aborted) lost.abort(new Error(`lease ${id} is lost: ${why}`));
  };
  const extend = (from: number, seconds: number) => {
    cancelExpiry();
    endsAt = from + seconds * 1000;
    const expire = () => lose(`the store did not answer for ${seconds} s`);
    cancelExpiry = clock.after(endsAt - clock.now(), expire);
  };
  const close = () => lose('the store was closed');
  closed.addEventListener('abort', close, { once: true });
  lost.signal.addEventListener('abort', () => closed.removeEventListener('abort', close), { once: true });
  extend(sent, ttl);
  void renewUntilLost(ttl, clock, calls, lost.signal, (from, seconds) =>
    seconds > 0 ? extend(from, seconds) : lose('it expired at the store'),
  );
  return {
    id,
    lost: lost.signal,
    get endsAt() {
      return endsAt;
    },
    async revoke() {
      lose('it was revoked');
      await calls.revoke();
    },
  };
}

async function renewUntilLost(
  ttl: number,
  clock: Clock,
  calls: LeaseCalls,
  lost: AbortSignal,
  renewed: (sent: number, seconds: number) => void,
): Promise<void> {
  const period = (ttl * 1000) / renewalsPerLifetime;
  const backoff = new Backoff(retryPauses, clock);
  let pause = period;
  for (;;) {
    await sleep(clock, pause, lost);
    if (lost.aborted) return;
    const sent = clock.now();
    try {
      const seconds = await calls.renew();
      if (lost.aborted) return;
      renewed(sent, seconds);
      backoff.reset();
      pause = period;
    } catch {
      // Nothing to report yet: the expiry timer decides when silence becomes a loss.
      pause = Math.min(backoff.next(), period);
    }
  }
}
