import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { parseConfig } from '../config/parse.ts';
import { stackSchema } from '../config/schema.ts';
import { messageOf } from '../model/message-of.ts';
import type { PlatformName } from '../model/platform-name.ts';
import { InvalidInput, type Problem } from '../model/problem.ts';
import { type ClusterPlan, planCluster } from '../plan/plan.ts';

/** What stands in `stacks/Pulumi.<stack>.yaml`, as far as it can be read without Pulumi. */
export interface StackConfig {
  /** The file, relative to the clone. */
  readonly file: string;
  /** Keys and values as Pulumi hands them to the program, but for those that are encrypted. */
  readonly values: Readonly<Record<string, string>>;
  /** Keys whose values are encrypted. */
  readonly encrypted: readonly string[];
  /** Where secrets are not encrypted by a passphrase: `awskms://…`. */
  readonly secretsProvider?: string;
  readonly platform: PlatformName;
  /** Undefined when it can't be used. */
  readonly plan?: ClusterPlan;
  readonly problems: readonly Problem[];
}

const file = z.object({
  secretsprovider: z.string().optional(),
  config: z.record(z.string(), z.unknown()).nullish(),
});
const encrypted = z.strictObject({ secure: z.string() });
const platforms = stackSchema.shape.platform;

export function stackConfigFile(stack: string): string {
  return join('stacks', `Pulumi.${shortName(stack)}.yaml`);
}

/** The stack's name without organization and project, as files and folders are named by it. */
export function shortName(stack: string): string {
  return stack.slice(stack.lastIndexOf('/') + 1);
}

/** Pure: everything that is wrong with the text is among its problems. */
export function readStackConfig(stack: string, text: string): StackConfig {
  const name = stackConfigFile(stack);
  try {
    const { config, secretsprovider } = file.parse(parse(text) ?? {});
    const entries = Object.entries(config ?? {});
    const isEncrypted = (value: unknown) => encrypted.safeParse(value).success;
    const plain = entries.filter(([, value]) => !isEncrypted(value));
    const values = Object.fromEntries(plain.map(([key, value]) => [key, asPulumiHasIt(value)]));
    return {
      file: name,
      values,
      encrypted: entries.filter(([, value]) => isEncrypted(value)).map(([key]) => key),
      ...(secretsprovider === undefined ? {} : { secretsProvider: secretsprovider }),
      ...planned(shortName(stack), values),
    };
  } catch (error) {
    return { ...unreadable(name, error), file: name, values: {}, encrypted: [] };
  }
}

/** Objects, numbers and booleans as JSON text, strings as they are. */
function asPulumiHasIt(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

type Planned = Pick<StackConfig, 'platform' | 'plan' | 'problems'>;

function planned(stack: string, values: Readonly<Record<string, string>>): Planned {
  try {
    const spec = parseConfig(values);
    return { platform: spec.platform, plan: planCluster(stack, spec), problems: [] };
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    // What is wrong elsewhere is no reason to look at another platform than the one that is named.
    const named = platforms.safeParse(values['flotilla:platform']);
    return { platform: named.data ?? platforms.parse(undefined), problems: error.problems };
  }
}

function unreadable(name: string, error: unknown): Planned {
  const why =
    error instanceof z.ZodError
      ? 'expected `config:` with one `flotilla:` key a line'
      : messageOf(error).split('\n', 1)[0];
  const problems = [{ path: name, problem: `it can't be read: ${why}`, fix: 'correct it' }];
  return { platform: platforms.parse(undefined), problems };
}
