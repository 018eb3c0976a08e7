import { expect, test } from '@jest/globals';
import type { ImageKeeper } from '../../model/image-record.ts';
import { chosenKeepers } from './chosen-keepers.ts';

const image = `sha256:${'1'.repeat(64)}`;
const machine = (machineId: string, ...images: string[]): ImageKeeper => ({
  machineId,
  address: '10.0.0.1',
  images,
});

const five = ['a', 'b', 'c', 'd', 'e'];

test('two machines keep an image, and all come to the same two', () => {
  const chosen = chosenKeepers(
    image,
    five.map((id) => machine(id)),
  );
  expect(new Set(chosen).size).toBe(2);
  expect(
    chosenKeepers(
      image,
      five.toReversed().map((id) => machine(id)),
    ),
  ).toEqual(chosen);
});

test('who keeps it already goes on, whatever its rank', () => {
  for (const keeper of five) {
    const present = five.map((id) => (id === keeper ? machine(id, image) : machine(id)));
    expect(chosenKeepers(image, present)[0]).toBe(keeper);
  }
});

test('of three that keep it, one lets go', () => {
  const present = five.map((id) => ('abc'.includes(id) ? machine(id, image) : machine(id)));
  const chosen = chosenKeepers(image, present);
  expect(chosen.filter((id) => 'abc'.includes(id))).toHaveLength(2);
});

test('images are kept by different machines', () => {
  const digests = Array.from({ length: 20 }, (_, n) => `sha256:${String(n).padStart(64, '0')}`);
  const keepers = digests.flatMap((digest) =>
    chosenKeepers(
      digest,
      five.map((id) => machine(id)),
    ),
  );
  expect(new Set(keepers)).toEqual(new Set(five));
});

test('a cluster of one keeps it once', () => {
  expect(chosenKeepers(image, [machine('a')])).toEqual(['a']);
});
