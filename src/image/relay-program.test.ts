import { expect, test } from '@jest/globals';
import { buildRelay } from './relay-program.ts';

/** It goes to each machine at each push, so it counts with what a small layer costs. */
test('the relay is a small text, and the same every time', async () => {
  const config = {
    ...{ machine: 'core-1', home: 1, secret: 's', key: 'k', repository: 'app', tag: '1', blobs: [] },
    manifest: { mediaType: 'm', digest: 'd', size: 1, contents: '' },
  };
  const program = (await buildRelay())(config);
  expect(program.length).toBeLessThan(16 * 1024);
  expect((await buildRelay())(config)).toBe(program);
});
