/** What bin/pulumi runs: the Pulumi CLI with this clone's defaults. */
import { messageOf } from '../src/model/message-of.ts';
import { runWithModules } from './modules.ts';

await runWithModules(async () => {
  const { preparePulumi } = await import('./launcher.ts');
  const { runEngine } = await import('./engine-run.ts');
  try {
    process.exitCode = await runEngine(preparePulumi(process.argv.slice(2)).command);
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
});
