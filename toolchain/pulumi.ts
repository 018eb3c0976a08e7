/** What bin/pulumi runs: the Pulumi CLI with this clone's defaults. */
import { preparePulumi } from './launcher.ts';
import { runInForeground } from './process.ts';

try {
  process.exitCode = await runInForeground(preparePulumi(process.argv.slice(2)).command);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
