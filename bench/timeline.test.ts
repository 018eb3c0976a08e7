import { describe, expect, test } from '@jest/globals';
import { endsAt, machinesWith, mostCopies, runsAt, type Sighting, singleSince } from './timeline.ts';

const sighting = (machine: string, at: number, ...running: string[]): Sighting => ({ machine, at, running });

/** `a` and `b` run on one and two; two is cut off at 100, three takes b over at 110, two comes back at 160. */
const cut: readonly Sighting[] = [
  sighting('one', 0, 'a'),
  sighting('two', 1, 'b'),
  sighting('three', 2),
  sighting('three', 110, 'b'),
  sighting('two', 165),
];

describe('machinesWith', () => {
  test('counts what each machine ran last', () => {
    expect(machinesWith(cut, 'a')).toEqual(['one']);
    expect(machinesWith(cut, 'b')).toEqual(['three']);
    expect(machinesWith(cut.slice(0, -1), 'b')).toEqual(['two', 'three']);
  });
});

describe('runsAt and endsAt', () => {
  test('find the first sighting after the moment, in whatever order they come', () => {
    expect(runsAt([...cut].reverse(), 'b', 100)).toBe(110);
    expect(runsAt(cut, 'b', 110)).toBeUndefined();
    expect(endsAt(cut, { machine: 'two', unit: 'b' }, 100)).toBe(165);
    expect(endsAt(cut, { machine: 'one', unit: 'a' }, 0)).toBeUndefined();
  });
});

describe('mostCopies', () => {
  test('counts copies at one moment, not over time', () => {
    expect(mostCopies(cut, 'b', 0)).toBe(2);
    expect(mostCopies(cut, 'b', 165)).toBe(1);
    expect(mostCopies(cut, 'a', 0)).toBe(1);
    expect(mostCopies(cut, 'c', 0)).toBe(0);
  });

  test('what ran already when the time began counts', () => {
    expect(mostCopies(cut, 'b', 150)).toBe(2);
  });
});

describe('singleSince', () => {
  test('is the moment at which the last copy too many ended', () => {
    expect(singleSince(cut, ['a', 'b'], 160)).toBe(165);
  });

  test('is the moment asked for when all was well before', () => {
    expect(singleSince(cut, ['a', 'b'], 170)).toBe(170);
  });

  test('is undefined while a unit runs twice or not at all', () => {
    expect(singleSince(cut.slice(0, -1), ['a', 'b'], 160)).toBeUndefined();
    expect(singleSince(cut, ['a', 'c'], 160)).toBeUndefined();
  });

  test('a break that was mended counts until it was', () => {
    const mended = [...cut, sighting('one', 170), sighting('one', 172, 'a')];
    expect(singleSince(mended, ['a', 'b'], 160)).toBe(172);
  });
});
