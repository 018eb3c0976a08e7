import { expect, test } from '@jest/globals';
import { MatchRules, maxNarrowRules } from './match-rules.ts';

/** A bus that does what it is asked to when the test lets it. */
function fakeBus() {
  const rules: string[] = [];
  const state = { most: 0, delay: Promise.resolve() };
  const bus = {
    match: async (rule: string) => {
      await state.delay;
      rules.push(rule);
      state.most = Math.max(state.most, rules.length);
    },
    unmatch: async (rule: string) => {
      await state.delay;
      rules.splice(rules.indexOf(rule), 1);
    },
  };
  const narrow = (key: string) => `of ${key}`;
  return { rules, state, matches: new MatchRules({ bus, narrow, broad: 'of all' }) };
}

const units = (count: number, from = 0) => Array.from({ length: count }, (_, at) => `${from + at}.service`);

test('each has a rule for as long as it is there, and never two', async () => {
  const { rules, matches } = fakeBus();
  await Promise.all([matches.add(['a', 'b']), matches.add(['b', 'c'])]);
  await matches.add(['a']);
  expect(rules).toEqual(['of a', 'of b', 'of c']);
  await matches.remove(['b', 'nobody']);
  expect(rules).toEqual(['of a', 'of c']);
});

test('has the rule when it returns, also if it was just about to be taken away', async () => {
  const { rules, state, matches } = fakeBus();
  await matches.add(['a']);
  let go = () => {};
  state.delay = new Promise((resolve) => {
    go = resolve;
  });
  const removed = matches.remove(['a']);
  // The rule is on its way out by then.
  await new Promise(setImmediate);
  const added = matches.add(['a']);
  go();
  await Promise.all([removed, added]);
  expect(rules).toEqual(['of a']);
});

test('one rule takes many, with no moment between that takes none, and never more than the bus allows', async () => {
  const { rules, state, matches } = fakeBus();
  await matches.add(units(maxNarrowRules));
  expect(rules).toHaveLength(maxNarrowRules);
  await matches.add(['one-more.service']);
  expect(rules).toEqual(['of all']);
  await matches.add(units(1000));
  expect(state.most).toBe(maxNarrowRules + 1);
  // Two kinds of rules, and three besides.
  expect(2 * state.most + 3).toBeLessThanOrEqual(512);
  await matches.remove(units(899, 100));
  expect(rules).toEqual(['of all']);
  await matches.remove(units(1, 999));
  await matches.remove(['one-more.service']);
  expect(rules).toEqual(units(maxNarrowRules / 2).map((unit) => `of ${unit}`));
});

test('what the bus did not take is asked for again', async () => {
  const { rules, state, matches } = fakeBus();
  state.delay = Promise.reject(new Error('no'));
  await expect(matches.add(['a'])).rejects.toThrow('no');
  state.delay = Promise.resolve();
  await matches.add([]);
  expect(rules).toEqual(['of a']);
});
