import { chdir } from 'node:process';
import { messageOf } from '../src/model/message-of.ts';
import { CLONE } from './launcher.ts';
import { PulumiFailed } from './run-pulumi.ts';

/** Runs a command of ours in the clone: an error ends as its message and an exit code, not as a stack trace. */
export async function runMain(command: () => Promise<void>): Promise<void> {
  chdir(CLONE);
  try {
    await command();
  } catch (error) {
    if (!(error instanceof PulumiFailed)) console.error(messageOf(error));
    process.exitCode = error instanceof PulumiFailed ? error.exitCode : 1;
  }
}
