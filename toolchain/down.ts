/** `npm run down [-- --stack NAME] [pulumi's arguments]`: destroys all of the stack's machines and units. */
import { confirmation, parseRequest } from './arguments.ts';
import { runMain } from './main.ts';
import { recover, runOnStack } from './recovery.ts';
import { hasAudience, say } from './run-pulumi.ts';
import { chooseStack, listStacks, readState } from './stack.ts';

async function down(): Promise<void> {
  const { stack: named, rest } = parseRequest(process.argv.slice(2));
  const stacks = await listStacks();
  const stack = await chooseStack(named, async () => stacks);
  if (!stacks.some(({ name }) => name === stack))
    return say(`there is no stack ${stack}, so there is nothing to take down`);
  await recover(stack, { adopt: true });
  await runOnStack(stack, 'destroy', ...confirmation(hasAudience()), ...rest);
  const { resources } = await readState(stack);
  say(
    resources === 0
      ? `nothing is left of stack ${stack}. Its configuration stays; npm run up -- --stack ${stack} brings it back`
      : `${resources} resources of stack ${stack} are left`,
  );
}

await runMain(down);
