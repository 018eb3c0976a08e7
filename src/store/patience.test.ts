import { describe, expect, test } from '@jest/globals';
import { Patience } from './patience.ts';

describe('an answer', () => {
  test('has two seconds where answers are quick', () => {
    const patience = new Patience();
    expect(patience.limit).toBe(2000);
    patience.answered(5);
    expect(patience.limit).toBe(2000);
  });

  test('has three times as long as the slowest of late, and five seconds at most', () => {
    const patience = new Patience();
    patience.answered(1000);
    expect(patience.limit).toBe(3000);
    patience.answered(4000);
    expect(patience.limit).toBe(5000);
  });

  test('has two seconds again some quick answers after a slow one', () => {
    const patience = new Patience();
    patience.answered(1600);
    patience.answered(10);
    expect(patience.limit).toBeGreaterThan(4000);
    for (let answers = 0; answers < 10; answers++) patience.answered(10);
    expect(patience.limit).toBe(2000);
  });
});

describe('one that does not come', () => {
  test('leaves the next twice the time, until one comes', () => {
    const patience = new Patience();
    patience.missed(0, 2000);
    expect(patience.limit).toBe(4000);
    patience.missed(2000, 6000);
    expect(patience.limit).toBe(5000);
    patience.answered(20);
    expect(patience.limit).toBe(2000);
  });

  test('counts once, however many wait at the same time', () => {
    const patience = new Patience();
    for (const began of [0, 10, 20]) patience.missed(began, 2000 + began);
    expect(patience.limit).toBe(4000);
  });

  test('counts again after an answer', () => {
    const patience = new Patience();
    patience.missed(0, 2000);
    patience.answered(20);
    patience.missed(2100, 4100);
    expect(patience.limit).toBe(4000);
  });
});
