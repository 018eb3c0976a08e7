/** What bin/flotilla runs. */
import { runWithModules } from './modules.ts';

await runWithModules(async () => {
  const { main } = await import('../src/cli/main.ts');
  process.exitCode = await main(process.argv.slice(2));
});
