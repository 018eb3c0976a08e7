/** What bin/flotilla runs. */
import { main } from '../src/cli/main.ts';

process.exitCode = await main(process.argv.slice(2));
