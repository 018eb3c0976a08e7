import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

/** A clone that asks for one package, `node`, which lies in it: npm's registry is not asked. */
let clone: string;
const devDependencies = { node: 'file:node' };

function write(name: string, content: object): void {
  writeFileSync(join(clone, name), JSON.stringify(content));
}

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'fl-modules-'));
  cpSync(join(import.meta.dirname, 'setup'), join(clone, 'toolchain', 'setup'), { recursive: true });
  write('package.json', { name: 'clone', version: '1.0.0', devDependencies });
  write('package-lock.json', {
    ...{ name: 'clone', version: '1.0.0', lockfileVersion: 3, requires: true },
    packages: {
      '': { name: 'clone', version: '1.0.0', devDependencies },
      node: { version: '22.0.0', dev: true, bin: { node: 'node.sh' } },
      'node_modules/node': { resolved: 'node', link: true },
    },
  });
  mkdirSync(join(clone, 'node'));
  write('node/package.json', { name: 'node', version: '22.0.0', bin: { node: 'node.sh' } });
  writeFileSync(join(clone, 'node', 'node.sh'), '#!/bin/sh\necho v22.0.0\n');
  chmodSync(join(clone, 'node', 'node.sh'), 0o755);
});

afterEach(() => rmSync(clone, { recursive: true }));

async function setUp(environment: NodeJS.ProcessEnv): Promise<void> {
  const script =
    'set -euo pipefail; source toolchain/setup/report.sh; source toolchain/setup/node-modules.sh; setup_node_modules';
  const env = { ...process.env, npm_config_offline: 'true', ...environment };
  await promisify(execFile)('bash', ['-c', script], { cwd: clone, env });
}

test.each([{ NODE_ENV: 'production' }, { npm_config_omit: 'dev' }])(
  'what only a clone needs is installed under %j too',
  async (environment) => {
    await setUp(environment);
    expect(existsSync(join(clone, 'node_modules', '.bin', 'node'))).toBe(true);
  },
);
