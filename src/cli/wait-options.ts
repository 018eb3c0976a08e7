import { type Command, InvalidArgumentError, Option } from 'commander';

/** How long a command waits for what it set off. */
export interface WaitOptions {
  readonly block: boolean;
  readonly blockAttempts?: number;
  readonly timeout: number;
}

/** Seconds. fleetctl's attempts take so long each: it looks for two seconds, then counts one. */
const attempt = 2;

const defaultTimeout = 120;

/** The options of every command that waits. */
export function addPatience(command: Command): Command {
  return command
    .option('--no-block', 'do not wait for the outcome')
    .option(
      '--timeout <seconds>',
      'wait so long at most, then end with status 3; 0 waits for ever',
      wholeNumber(),
      defaultTimeout,
    );
}

/** The same with fleetctl's way to say how long. */
export function addWaitOptions(command: Command): Command {
  return addPatience(command).addOption(
    new Option(
      '--block-attempts <number>',
      `wait for so many times ${attempt} s, as fleetctl; 0 waits for ever`,
    )
      .argParser(wholeNumber())
      .conflicts('timeout'),
  );
}

/** Seconds to wait at most; Infinity for ever, undefined for not at all. */
export function patience({ block, blockAttempts, timeout }: WaitOptions): number | undefined {
  if (!block) return undefined;
  const seconds = blockAttempts === undefined ? timeout : blockAttempts * attempt;
  return seconds === 0 ? Number.POSITIVE_INFINITY : seconds;
}

const mostDigits = 9;

/** A parser for the value of an option or argument; commander's message names that before ours. */
export function wholeNumber(least = 0): (text: string) => number {
  return (text) => {
    const number = new RegExp(`^\\d{1,${mostDigits}}$`).test(text) ? Number(text) : Number.NaN;
    if (number >= least) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${'9'.repeat(mostDigits)}.`);
  };
}
