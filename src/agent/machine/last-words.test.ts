import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../store/fake-clock.ts';
import type { ManagedUnit } from '../systemd/systemd.ts';
import { LastWords } from './last-words.ts';

const running: ManagedUnit = {
  name: 'a.service',
  hash: 'a'.repeat(64),
  contents: '',
  load: 'loaded',
  active: 'active',
  sub: 'running',
  result: 'success',
  started: true,
};
const restarting = { ...running, active: 'activating', sub: 'auto-restart', result: 'exit-code' };
const failed = { ...running, active: 'failed', sub: 'failed', result: 'exit-code' };

function setUp() {
  const clock = new FakeClock();
  let looks = 0;
  let changes = 0;
  const journal = async () => [`look ${++looks}`];
  const words = new LastWords({ systemd: { journal }, clock, onChange: () => (changes += 1) });
  /** What is told of the unit once its journal was read. */
  const told = async (unit: ManagedUnit) => {
    const first = words.of(unit);
    await clock.advance(0);
    return first?.journal ? first : words.of(unit);
  };
  return { clock, words, told, changes: () => changes };
}

const said = (look: number) => ({ result: 'exit-code', journal: [`look ${look}`] });

describe('last words', () => {
  test('nothing is asked of a unit that runs', async () => {
    const { told } = setUp();
    expect(await told(running)).toBeUndefined();
    expect(await told(failed)).toEqual(said(1));
  });

  test('that it failed is told before its journal was read, which may take long', async () => {
    const { words, clock, changes } = setUp();
    expect(words.of(failed)).toEqual({ result: 'exit-code' });
    expect(changes()).toBe(0);
    await clock.advance(0);
    expect(changes()).toBe(1);
    expect(words.of(failed)).toEqual(said(1));
  });

  test('a journal that comes when the unit has failed anew is not taken for its words', async () => {
    const clock = new FakeClock();
    const answers: ((lines: string[]) => void)[] = [];
    const journal = () => new Promise<string[]>((resolve) => answers.push(resolve));
    const words = new LastWords({ systemd: { journal }, clock, onChange: () => undefined });
    words.of(failed);
    words.of(running);
    words.of(failed);
    answers[0]?.(['of the first']);
    await clock.advance(0);
    expect(words.of(failed)).toEqual({ result: 'exit-code' });
    answers[1]?.(['of the second']);
    await clock.advance(0);
    expect(words.of(failed)).toEqual({ result: 'exit-code', journal: ['of the second'] });
  });

  test('a journal that can not be read is said in its place', async () => {
    const clock = new FakeClock();
    const journal = () => Promise.reject(new Error('journalctl gave no answer in 30 s'));
    const words = new LastWords({ systemd: { journal }, clock, onChange: () => undefined });
    words.of(failed);
    await clock.advance(0);
    const line = "its journal can't be read: journalctl gave no answer in 30 s";
    expect(words.of(failed)).toEqual({ result: 'exit-code', journal: [line] });
  });

  test('of a failed unit the journal is read once, and again when it fails anew or with another file', async () => {
    const { told } = setUp();
    for (const _ of [1, 2]) expect(await told(failed)).toEqual(said(1));
    await told(running);
    expect(await told(failed)).toEqual(said(2));
    expect(await told({ ...failed, hash: 'b'.repeat(64) })).toEqual(said(3));
  });

  test('of a unit that crashes again and again it is read every ten seconds, and the old words stand until then', async () => {
    const { clock, words, told } = setUp();
    for (let second = 0; second < 10; second++) {
      expect(await told(restarting)).toEqual(said(1));
      expect(await told(running)).toBeUndefined();
      await clock.advance(1000);
    }
    await told(restarting);
    expect(words.of(restarting)).toEqual(said(2));
    await clock.advance(10_000);
    expect(words.of(restarting)).toEqual(said(2));
    await clock.advance(0);
    expect(words.of(restarting)).toEqual(said(3));
  });

  test('when systemd gives it up it is read once more', async () => {
    const { told } = setUp();
    await told(restarting);
    expect(await told(failed)).toEqual(said(2));
  });
});
