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
  const journal = async () => [`look ${++looks}`];
  return { clock, words: new LastWords({ journal }, clock) };
}

const said = (look: number) => ({ result: 'exit-code', journal: [`look ${look}`] });

describe('last words', () => {
  test('nothing is asked of a unit that runs', async () => {
    const { words } = setUp();
    expect(await words.of(running)).toBeUndefined();
    expect(await words.of(failed)).toEqual(said(1));
  });

  test('of a failed unit the journal is read once, and again when it fails anew or with another file', async () => {
    const { words } = setUp();
    for (const _ of [1, 2]) expect(await words.of(failed)).toEqual(said(1));
    await words.of(running);
    expect(await words.of(failed)).toEqual(said(2));
    expect(await words.of({ ...failed, hash: 'b'.repeat(64) })).toEqual(said(3));
  });

  test('of a unit that crashes again and again it is read every ten seconds', async () => {
    const { clock, words } = setUp();
    for (let second = 0; second < 10; second++) {
      expect(await words.of(restarting)).toEqual(said(1));
      expect(await words.of(running)).toBeUndefined();
      await clock.advance(1000);
    }
    expect(await words.of(restarting)).toEqual(said(2));
  });

  test('when systemd gives it up it is read once more', async () => {
    const { words } = setUp();
    await words.of(restarting);
    expect(await words.of(failed)).toEqual(said(2));
  });
});
