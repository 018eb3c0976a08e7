import { describe, expect, jest, test } from '@jest/globals';
import { InvalidInput } from '../model/problem.ts';
import { SilentMachine } from '../ssh/errors.ts';
import { type Check, ok, problem, warning } from './check.ts';
import { examine } from './examine.ts';
import { FakeProbes } from './fake-probes.ts';

const quiet = { log: () => undefined, signal: new AbortController().signal };

const check = (what: string, look: Check['look'], more: Partial<Check> = {}): Check => ({
  ...{ what, why: 'it is needed', fix: 'mend it', look },
  ...more,
});

const never = (_: unknown, signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('ended')));
  });

describe('examine', () => {
  test('tells in the order of the checks, however long each takes', async () => {
    let release = () => {};
    const slow = check('slow', async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return ok('done');
    });
    const quick = check('quick', async () => {
      release();
      return [warning('a', 'do b'), problem('c')];
    });
    expect(await examine([slow, quick], new FakeProbes(), quiet)).toEqual([
      { what: 'slow', why: 'it is needed', level: 'ok', finding: 'done' },
      { what: 'quick', why: 'it is needed', level: 'warning', finding: 'a', fix: 'do b' },
      { what: 'quick', why: 'it is needed', level: 'problem', finding: 'c', fix: 'mend it' },
    ]);
  });

  test('what gives no answer in time, or fails, is a problem of its own check alone', async () => {
    const late = check('late', never, { deadline: 0.05 });
    const broken = check('broken', async () => {
      throw new Error('it broke', { cause: new Error('line one\n  line two') });
    });
    const invalid = check('invalid', async () => {
      throw new InvalidInput('no:', [{ path: 'a.b', problem: 'is wrong', fix: 'write c' }]);
    });
    const silent = check('silent', async () => {
      throw new SilentMachine({ said: 'core-1 did not answer', next: 'see that it runs' });
    });
    const unknown = check('unknown', async () => {
      throw new SilentMachine({ said: 'worker-1 did not answer' });
    });
    const reports = await examine([late, broken, invalid, silent, unknown], new FakeProbes(), quiet);
    expect(reports.map(({ finding, fix }) => [finding, fix])).toEqual([
      ['no answer within 0.05 s', 'mend it'],
      ['it broke: line one; line two', 'mend it'],
      ['a.b: is wrong', 'write c'],
      ['core-1 did not answer', 'see that it runs'],
      ['worker-1 did not answer', 'mend it'],
    ]);
  });

  test('Ctrl-C ends it, with what was under way', async () => {
    const stop = new AbortController();
    const ended = jest.fn();
    const hangs = check('hangs', async (_probes, signal) => {
      signal.addEventListener('abort', ended);
      stop.abort(new Error('interrupted'));
      return await never(_probes, signal);
    });
    const examining = examine([hangs], new FakeProbes(), { ...quiet, signal: stop.signal });
    await expect(examining).rejects.toThrow('interrupted');
    expect(ended).toHaveBeenCalled();
  });

  test('says every ten seconds what it still waits for', async () => {
    jest.useFakeTimers();
    try {
      const lines: string[] = [];
      let release = () => {};
      const slow = check(
        'slow',
        () =>
          new Promise((resolve) => {
            release = () => resolve(ok('done'));
          }),
        { deadline: 60 },
      );
      const done = examine([check('quick', async () => ok('done')), slow], new FakeProbes(), {
        ...quiet,
        log: (line) => lines.push(line),
      });
      await jest.advanceTimersByTimeAsync(10_000);
      release();
      await done;
      expect(lines).toEqual(['waiting for slow']);
    } finally {
      jest.useRealTimers();
    }
  });
});
