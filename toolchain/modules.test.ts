import { expect, jest, test } from '@jest/globals';
import { runWithModules } from './modules.ts';

test('a module that is missing is named with the next step, and no stack', async () => {
  const said = jest.spyOn(console, 'error').mockImplementation(() => {});
  const code = process.exitCode;
  const message = "Cannot find package 'zod' imported from /clone/src/cli/stack.ts\nat more";
  await runWithModules(async () => {
    throw Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' });
  });
  expect([said.mock.calls, process.exitCode]).toEqual([
    [[expect.stringMatching(/'zod' imported from \S+\. Next step: bash toolchain\/setup\.sh up$/)]],
    1,
  ]);
  process.exitCode = code;
  said.mockRestore();
});

test('any other error is the caller’s', async () => {
  const broken = async () => {
    throw new TypeError('broken');
  };
  await expect(runWithModules(broken)).rejects.toThrow('broken');
});
