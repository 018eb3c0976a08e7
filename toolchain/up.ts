/** `npm run up [-- --stack NAME] [pulumi's arguments]`: brings the stack up, whatever became of earlier runs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { confirmation, parseRequest } from './arguments.ts';
import { CLONE, preparePulumi } from './launcher.ts';
import { runMain } from './main.ts';
import { ensurePlugin, stockPlugin } from './plugin.ts';
import { runInForeground } from './process.ts';
import { recover, runOnStack } from './recovery.ts';
import { hasAudience, runPulumi, say } from './run-pulumi.ts';
import { platformOf } from './stack.ts';

async function up(): Promise<void> {
  const { stack, rest } = parseRequest(process.argv.slice(2));
  const platform = platformOf(stack);
  if (platform === 'local') await setUpMachines();
  await setUpPlugin(platform);
  await runPulumi('stack', 'select', '--create', stack, '--non-interactive');
  await recover(stack, { adopt: false });
  await runOnStack(stack, 'up', ...confirmation(hasAudience()), ...rest);
}

/** A cluster in a cloud needs no QEMU here, so only now is it known whether these packages are wanted. */
async function setUpMachines(): Promise<void> {
  const args = [join(CLONE, 'toolchain', 'setup.sh'), 'machines'];
  const code = await runInForeground({ path: 'bash', args, environment: process.env });
  if (code !== 0) throw new Error('Local machines are not set up; see above.');
}

/** Pulumi fetches no plugin by itself (environment.ts), so a cloud's own is looked after here. */
async function setUpPlugin(platform: string): Promise<void> {
  const plugin = stockPlugin(platform, JSON.parse(readFileSync('package.json', 'utf8')));
  if (plugin === undefined) return;
  await ensurePlugin(plugin, {
    project: readFileSync('Pulumi.yaml', 'utf8'),
    environment: process.env,
    pulumi: (...args) => preparePulumi(args).command,
    say,
  });
}

await runMain(up);
