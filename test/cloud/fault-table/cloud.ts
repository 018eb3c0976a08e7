import type { Faults } from '../faults.ts';

/** A test cloud as the fault table sees it. */
export interface FaultyCloud {
  /** Of the stack config, beside `flotilla:machines`. */
  config(loadBalancer: boolean): Readonly<Record<string, unknown>>;
  /** Of the environment of all runs: where the cloud is, and who may call it. */
  readonly variables: Readonly<Record<string, string>>;
  readonly faults: Faults;
  /** What is there, `type name`, without what Pulumi adds to names; sorted. */
  inventory(): string[];
  /** How many things came and went so far. */
  changes(): number;
  /** What a user may do past Pulumi, by name; told what the last run said. */
  readonly deeds: Readonly<Record<string, (said: string) => Promise<void>>>;
  /** What went wrong in the cloud itself: a test that is no test. */
  failures(): readonly Error[];
  close(): Promise<void>;
}

/** What Pulumi adds to names, and ids of what has none, differ from run to run. */
export function withoutChance(names: readonly string[]): string[] {
  return names
    .map((name) => name.replace(/-[0-9a-f]{7}$/, '').replace(/ (arn:\S+|[a-z]+-[0-9a-f]{17})$/, ' *'))
    .sort();
}
