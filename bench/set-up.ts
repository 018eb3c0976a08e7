import { join } from 'node:path';
import { run } from '../src/qemu/command.ts';
import type { Log } from './benchmark.ts';

/** Milliseconds: packages come over the network, and some are compiled. */
const patience = 1_800_000;

/** What one benchmark alone needs (toolchain/setup.sh names the modes); a second time it only looks. */
export async function setUp(mode: 'cloud' | 'elk' | 'push', log: Log): Promise<void> {
  const script = join(import.meta.dirname, '..', 'toolchain', 'setup.sh');
  await run(['bash', script, mode], { log, purpose: `toolchain/setup.sh ${mode}`, deadline: patience });
}
