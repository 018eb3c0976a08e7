import { runEngine } from './engine-run.ts';
import { preparePulumi } from './launcher.ts';
import { readOutput } from './process.ts';

/** A pulumi run of ours that failed. Its own output has told why; the exit code is passed on. */
export class PulumiFailed extends Error {
  readonly exitCode: number;

  constructor(args: readonly string[], exitCode: number) {
    super(`pulumi ${args.join(' ')} ended with exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/**
 * Runs pulumi on our own terminal.
 *
 * @throws PulumiFailed
 */
export async function runPulumi(...args: readonly string[]): Promise<void> {
  const code = await runEngine(preparePulumi(args).command);
  if (code !== 0) throw new PulumiFailed(args, code);
}

/** Runs a pulumi command that prints JSON, and returns that. */
export async function askPulumi(...args: readonly string[]): Promise<unknown> {
  return JSON.parse(await readOutput(preparePulumi(args).command, { log: say }));
}

/** Says what is done and why. */
export function say(text: string): void {
  console.log(`flotilla: ${text}`);
}

/** Whether somebody sits at a terminal and can be asked. */
export function hasAudience(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true;
}
