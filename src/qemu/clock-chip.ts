import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { qmp } from './qmp.ts';

/** Milliseconds. */
const monitorDeadline = 5000;

/** Milliseconds between two looks at the chip. */
const lookEvery = 50;

/** Milliseconds between two looks at most for what they say of the moment in between to count. */
const closeEnough = 200;

/** Milliseconds until the best that was seen has to do: a computer that is busy looks late. */
const patience = 4000;

/** C's `struct tm`, as QEMU shows it. */
const brokenDownTime = z.object({
  tm_year: z.int(),
  tm_mon: z.int(),
  tm_mday: z.int(),
  tm_hour: z.int(),
  tm_min: z.int(),
  tm_sec: z.int(),
});

/** What the clock chip of a machine shows, as Date.now() counts; it has whole seconds. */
export async function readClockChip(socket: string): Promise<number> {
  const property = { path: '/machine', property: 'rtc-time' };
  const answer = await qmp(socket, { execute: 'qom-get', arguments: property }, monitorDeadline);
  const { tm_year, tm_mon, tm_mday, tm_hour, tm_min, tm_sec } = brokenDownTime.parse(answer);
  return Date.UTC(1900 + tm_year, tm_mon, tm_mday, tm_hour, tm_min, tm_sec);
}

/** Time as `clockChipLag` sees it. */
export interface WallClock {
  /** Milliseconds, as Date.now() counts. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

const systemClock: WallClock = { now: Date.now, sleep: (milliseconds) => sleep(milliseconds) };

/**
 * Milliseconds by which the seconds of a machine's clock chip begin later than ours. QEMU starts the chip with the whole
 * seconds of our time and forgets the rest (`rtc_set_date_from_host` in its hw/rtc/mc146818rtc.c), and a machine that wakes
 * has the chip of its template. So the next second is waited for.
 */
export async function clockChipLag(
  read: () => Promise<number>,
  clock: WallClock = systemClock,
): Promise<number> {
  const end = clock.now() + patience;
  let best = { lag: 500, apart: Number.POSITIVE_INFINITY };
  for (let before = await look(read, clock); clock.now() < end && best.apart > closeEnough; ) {
    await clock.sleep(lookEvery);
    const after = await look(read, clock);
    const apart = after.at - before.at;
    if (after.chip !== before.chip && apart < best.apart)
      best = { lag: before.at + apart / 2 - after.chip, apart };
    before = after;
  }
  return Math.round(best.lag);
}

async function look(read: () => Promise<number>, clock: WallClock): Promise<{ chip: number; at: number }> {
  const began = clock.now();
  const chip = await read();
  return { chip, at: (began + clock.now()) / 2 };
}
