import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { runInContainer } from './container.ts';

/** The last words of Node's runner when nothing failed. */
const passed = /^ℹ fail 0$/m;

/** How it marks what failed. */
const failed = /^\s*✖ .*$/gm;

const log = (line: string) => void process.stderr.write(`${line}\n`);

/** A container takes root. */
const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot(
  'a real systemd does what the agent relies on, also when it or the bus is restarted',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-systemd-'));
    try {
      const said = await runInContainer(folder, 'in-container.ts', log);
      if (!passed.test(said)) log(`what the tests in the container said:\n${said}`);
      expect(said.match(failed) ?? []).toEqual([]);
      expect(said).toMatch(passed);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  600_000,
);
