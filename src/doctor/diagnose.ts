import { join } from 'node:path';
import { stackSchema } from '../config/schema.ts';
import { closest } from '../model/closest.ts';
import type { PlatformName } from '../model/platform-name.ts';
import { planChecks } from './checks.ts';
import { type ExamineOptions, examine, type Report } from './examine.ts';
import type { Probes } from './probes.ts';
import { readStackConfig, stackConfigFile } from './stack-config.ts';
import type { StackState, Subject } from './subject.ts';
import { pulumiOf, told } from './tools.ts';

export interface Question {
  /** Absolute path of the clone. */
  readonly clone: string;
  /** Undefined for the selected stack. */
  readonly stack?: string | undefined;
  /** A platform alone is asked about, and no stack. */
  readonly platform?: string | undefined;
  readState(stack: string): Promise<StackState>;
}

/** There is no platform of that name. */
export class UnknownPlatform extends Error {
  override readonly name = 'UnknownPlatform';
}

/** Which stack it is when none is named or selected: the one that `npm run up` takes. */
const defaultStack = 'local';

const platforms = stackSchema.shape.platform;

/**
 * Looks at all that is known to keep a cluster from coming up, or from running well.
 *
 * @throws UnknownPlatform
 */
export async function diagnose(
  question: Question,
  probes: Probes,
  options: ExamineOptions,
): Promise<readonly Report[]> {
  const subject = await subjectOf(question, probes, options.signal);
  return examine(await planChecks(subject), probes, options);
}

async function subjectOf(question: Question, probes: Probes, signal: AbortSignal): Promise<Subject> {
  const { clone, platform } = question;
  const { environment } = probes;
  if (platform !== undefined)
    return { clone, environment, platform: known(platform), stack: defaultStack, platformAlone: true };
  const stack = question.stack ?? (await selectedStack(clone, probes, signal)) ?? defaultStack;
  const text = await probes.readFile(join(clone, stackConfigFile(stack)));
  const config = text === undefined ? undefined : readStackConfig(stack, text);
  return {
    ...{ clone, environment, stack, config, platformAlone: false },
    platform: config?.platform ?? platforms.parse(undefined),
    state: await question.readState(stack),
  };
}

function known(name: string): PlatformName {
  const { data } = platforms.safeParse(name);
  if (data !== undefined) return data;
  const names = platforms.unwrap().options;
  const guess = closest(name, names);
  throw new UnknownPlatform(
    `there is no platform ${name}${guess ? `, did you mean ${guess}` : ''}; known: ${names.join(', ')}`,
  );
}

/** Undefined when none is selected, or Pulumi can't tell, which another check finds. */
async function selectedStack(
  clone: string,
  probes: Probes,
  signal: AbortSignal,
): Promise<string | undefined> {
  const argv = [pulumiOf({ clone }), 'stack', '--show-name', '--non-interactive'];
  const asked = await probes
    .run(argv, AbortSignal.any([signal, AbortSignal.timeout(20_000)]))
    .then(told)
    .catch(() => undefined);
  signal.throwIfAborted();
  return asked || undefined;
}
