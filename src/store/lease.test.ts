import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from './fake-clock.ts';
import { keepLease } from './lease.ts';
import type { Lease } from './store.ts';

const ttl = 9;
const third = (ttl * 1000) / 3;

/** A store whose answers to renewals take so long, in milliseconds, and grant so many seconds; or fail. */
interface Answer {
  readonly after: number;
  readonly seconds: number | Error;
}

describe('a lease', () => {
  let clock: FakeClock;
  let closed: AbortController;
  let answer: Answer;
  let revoked: number;

  beforeEach(() => {
    clock = new FakeClock();
    closed = new AbortController();
    answer = { after: 0, seconds: ttl };
    revoked = 0;
  });
  afterEach(() => closed.abort());

  function keep(): Lease {
    const renew = () =>
      new Promise<number>((resolve, reject) => {
        const { after, seconds } = answer;
        clock.after(after, () => (typeof seconds === 'number' ? resolve(seconds) : reject(seconds)));
      });
    const revoke = async () => {
      revoked += 1;
    };
    return keepLease({
      id: '7',
      ttl,
      sent: clock.now(),
      clock,
      calls: { renew, revoke },
      closed: closed.signal,
    });
  }

  test('lasts from the moment its renewal was sent, however late the answer comes', async () => {
    const lease = keep();
    answer = { after: 2000, seconds: ttl };
    const sent = clock.now() + third;
    await clock.advance(third + 2000);
    expect(lease.endsAt).toBe(sent + ttl * 1000);
    answer = { after: 0, seconds: new Error('no answer') };
    await clock.advance(ttl * 1000 - 2000 - 1);
    expect(lease.lost.aborted).toBe(false);
    await clock.advance(1);
    expect(String(lease.lost.reason)).toContain('the store did not answer for 9 s');
  });

  test('lasts from the moment its grant was sent until the first renewal', async () => {
    answer = { after: 0, seconds: new Error('no answer') };
    const lease = keep();
    await clock.advance(ttl * 1000 - 1);
    expect(lease.lost.aborted).toBe(false);
    await clock.advance(1);
    expect(lease.lost.aborted).toBe(true);
  });

  test('is renewed again soon after a renewal that failed', async () => {
    const lease = keep();
    answer = { after: 0, seconds: new Error('no answer') };
    await clock.advance(third);
    answer = { after: 0, seconds: ttl };
    await clock.advance(1000);
    expect(lease.endsAt).toBeGreaterThan(third + ttl * 1000);
  });

  test('is lost at once when the store does not know it any more', async () => {
    const lease = keep();
    answer = { after: 0, seconds: 0 };
    await clock.advance(third);
    expect(String(lease.lost.reason)).toContain('it expired at the store');
  });

  test('is lost with the store, and when it is given back', async () => {
    const [first, second] = [keep(), keep()];
    await first.revoke();
    expect([first.lost.aborted, second.lost.aborted, revoked]).toEqual([true, false, 1]);
    closed.abort();
    expect(String(second.lost.reason)).toContain('the store was closed');
  });
});
