import { describe, expect, test } from '@jest/globals';
import { clockChipLag } from './clock-chip.ts';

/** A chip that is behind by `lag`, looked at by a computer on which a look takes `takes[0]`, `takes[1]`, … milliseconds. */
function behindBy(lag: number, takes: readonly number[] = []) {
  let now = 1_800_000_000_123;
  const left = [...takes];
  const clock = {
    now: () => now,
    sleep: async (milliseconds: number) => {
      now += milliseconds;
    },
  };
  const read = async () => {
    const half = (left.shift() ?? 2) / 2;
    now += half;
    const chip = Math.floor((now - lag) / 1000) * 1000;
    now += half;
    return chip;
  };
  return clockChipLag(read, clock);
}

describe('the lag of a clock chip', () => {
  test.each([0, 130, 500, 999])('of %i ms is found by its next second', async (lag) => {
    expect(Math.abs((await behindBy(lag)) - lag)).toBeLessThan(30);
  });

  test('is looked for again when the computer was busy at the chip’s next second', async () => {
    expect(Math.abs((await behindBy(700, [2, 1500])) - 700)).toBeLessThan(30);
  });

  test('is the best that was seen where the computer is always busy', async () => {
    const busy = Array.from({ length: 50 }, () => 600);
    expect(Math.abs((await behindBy(700, busy)) - 700)).toBeLessThan(650);
  });
});
