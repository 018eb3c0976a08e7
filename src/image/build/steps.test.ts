import { describe, expect, test } from '@jest/globals';
import { StepFailed, Steps } from './steps.ts';

function failure(reason: string, ...pieces: readonly string[]): string {
  const steps = new Steps();
  for (const piece of pieces) steps.add(piece);
  return new StepFailed(steps, reason).message;
}

describe('a build that fails', () => {
  test('names its step and what that said last, in whatever pieces it came', () => {
    const message = failure(
      'The command returned a non-zero code: 2',
      ...['Step 1/2 : FROM a\n ---> 12\nStep', ' 2/2 : RUN make\n', 'one\ntw', 'o\n'],
    );
    expect(message).toBe(
      'the build failed at step 2/2, RUN make: The command returned a non-zero code: 2\n  | one\n  | two',
    );
  });

  test('repeats ten lines and no more', () => {
    const lines = Array.from({ length: 30 }, (_, number) => `line ${number}\n`);
    expect(failure('it broke', 'Step 1/1 : RUN x\n', ...lines).match(/ {2}\| line/g)).toHaveLength(10);
  });

  test('before the first step, as with a Dockerfile that is none', () => {
    expect(failure('dockerfile parse error')).toBe(
      'the build failed before its first step: dockerfile parse error',
    );
  });

  test.each([
    ['the --mount option requires BuildKit. Refer to …', 'flotilla image push'],
    ['pull access denied for nowhere', 'could not be pulled'],
    ["The command '/bin/sh -c x' returned a non-zero code: 137", 'more memory than was free'],
  ])('%s comes with what to do', (reason, advice) => {
    expect(failure(reason)).toContain(advice);
  });
});
