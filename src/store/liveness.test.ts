import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Liveness } from './liveness.ts';

/** The life of a stream from which no sign comes, with ten milliseconds between two requests for one. */
function silent() {
  const seen = { asked: 0, dead: [] as string[] };
  const life = new Liveness({
    period: 10,
    ask: () => {
      seen.asked += 1;
    },
    dead: (why) => void seen.dead.push(why.message),
  });
  return { life, seen };
}

test('a silent stream is asked for a sign of life, then it is dead', async () => {
  const { seen } = silent();
  await sleep(100);
  expect(seen.asked).toBeGreaterThan(0);
  expect(seen.dead).toEqual(['silent for 0 s']);
});

test('a stream that nobody reads is neither asked nor dead; once it is read again it has all its time', async () => {
  const { life, seen } = silent();
  life.hold();
  life.hurry();
  life.doubt();
  await sleep(100);
  expect(seen).toEqual({ asked: 0, dead: [] });
  life.release();
  await sleep(100);
  expect(seen.dead).toHaveLength(1);
});
