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
import { chooseStack, listStacks, platformOf } from './stack.ts';
import { turnOn } from './take-turn.ts';

async function up(): Promise<void> {
  const { stack: named, rest } = parseRequest(process.argv.slice(2));
  const stack = await chooseStack(named, listStacks);
  const platform = platformOf(stack);
  if (platform === 'local') await setUpMachines();
  await setUpPlugin(platform);
  await runPulumi('stack', 'select', '--create', stack, '--non-interactive');
  await recover(stack, { adopt: false });
  await runOnStack(stack, 'up', ...confirmation(hasAudience()), ...rest);
  if (!rest.includes('--preview-only')) await takeTurns(stack, rest);
}

/**
 * The engine deletes last, so each machine of a group with `surge: 1` takes a run of its own. What was confirmed was the
 * roll: its other runs ask nothing more.
 *
 * @throws PulumiFailed when one of them fails; the next `npm run up` goes on from there
 */
async function takeTurns(stack: string, rest: readonly string[]): Promise<void> {
  let last: string | undefined;
  for (;;) {
    const turn = await turnOn(stack);
    if (!turn || turn.says.length === 0) return;
    const now = JSON.stringify(turn);
    if (now === last)
      throw new Error(`${turn.says.join('; ')}: the last run has changed nothing of that. ${look}`);
    last = now;
    await runOnStack(stack, 'up', ...confirmation(false), ...rest);
  }
}

const look = 'Next step: see what it said above, then `npm run up` again';

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
