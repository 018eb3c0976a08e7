import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Liveness } from './liveness.ts';

const period = 10;

/** The life of a stream from which no sign comes; by default nothing comes on its connection either. */
function silent(heard = () => Number.NEGATIVE_INFINITY) {
  const seen = { asked: 0, dead: [] as string[] };
  const life = new Liveness({
    period,
    heard,
    ask: () => {
      seen.asked += 1;
    },
    dead: (why) => void seen.dead.push(why.message),
  });
  return { life, seen };
}

async function death({ dead }: { dead: readonly string[] }) {
  while (dead.length === 0) await sleep(period);
}

/** For as long as many periods, in which nothing else of this process comes to run. */
function stall() {
  const end = performance.now() + 20 * period;
  while (performance.now() < end);
}

test('a silent stream is asked twice for a sign of life, then it is dead', async () => {
  const { seen } = silent();
  await death(seen);
  expect(seen).toEqual({ asked: 2, dead: ['silent for 0 s'] });
});

test('who did not get to listen asks before it takes a stream for dead', async () => {
  const { life, seen } = silent();
  stall();
  await sleep(period);
  expect(seen.dead).toEqual([]);
  life.end();
});

test('a stream that nobody reads is neither asked nor dead; once it is read again it has all its time', async () => {
  const { life, seen } = silent();
  life.hold();
  life.hurry();
  life.doubt();
  await sleep(10 * period);
  expect(seen).toEqual({ asked: 0, dead: [] });
  life.release();
  await death(seen);
  expect(seen.asked).toBeGreaterThan(0);
});

test('while its connection answers others it is asked every sixth period only, and dead when it alone says nothing', async () => {
  const { seen } = silent(() => performance.now());
  const began = performance.now();
  await death(seen);
  expect(seen.asked).toBe(2);
  expect(performance.now() - began).toBeGreaterThanOrEqual(7 * period);
});
