import { Random } from './random.ts';

/** A wall clock that is `wallAhead` seconds ahead of a clock. */
export interface WallTime {
  readonly wallAhead: number;
  readonly clock: { now(): number };
}

/** A day, in milliseconds since 1970, on which virtual time begins. */
const firstDay = Date.UTC(2015, 6, 9);

/**
 * Runs `body` with a wall clock that can jump and with chance that repeats itself. Nothing may depend on either:
 * who waits or measures does so on the monotonic `Clock` it was given.
 */
export async function withVirtualGlobals<T>(wall: WallTime, body: () => Promise<T>): Promise<T> {
  const real = { now: Date.now, random: Math.random };
  const random = new Random(0);
  Date.now = () => firstDay + wall.clock.now() + wall.wallAhead * 1000;
  Math.random = () => random.next();
  try {
    return await body();
  } finally {
    Date.now = real.now;
    Math.random = real.random;
  }
}
