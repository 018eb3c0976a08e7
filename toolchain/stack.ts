import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { stackSchema } from '../src/config/schema.ts';
import { messageOf } from '../src/model/message-of.ts';
import { readIfPresent } from './files.ts';
import { CLONE } from './launcher.ts';
import { askPulumi } from './run-pulumi.ts';
import { shortName } from './short-name.ts';

/** Platform of a stack whose configuration names none. */
const DEFAULT_PLATFORM = stackSchema.shape.platform.parse(undefined);

const StackConfig = z.object({ config: z.record(z.string(), z.unknown()).nullish() }).nullish();
const StackList = z.array(z.object({ name: z.string(), current: z.boolean() }));
/** What is brought up where none was named or selected yet. */
const DEFAULT_STACK = 'local';

const PendingOperations = z.array(z.object({ type: z.string(), resource: z.object({ urn: z.string() }) }));
const Export = z.object({
  deployment: z.object({
    resources: z.array(z.unknown()).nullish(),
    pending_operations: PendingOperations.nullish(),
  }),
});

/** An operation that was begun and not ended. */
export interface PendingOperation {
  /** Pulumi's word: creating, updating, deleting, … */
  readonly type: string;
  readonly urn: string;
}

/** What the backend knows of a stack. */
export interface StackState {
  /** Number of resources, the stack itself among them. */
  readonly resources: number;
  readonly pending: readonly PendingOperation[];
}

/** What `pulumi stack ls --json` prints. */
export type Stacks = z.output<typeof StackList>;

/** The stacks that the backend knows. */
export async function listStacks(): Promise<Stacks> {
  return StackList.parse(await askPulumi('stack', 'ls', '--json'));
}

/**
 * The stack that a command is about: the one that is named, in `FLOTILLA_STACK` too, or else the one that is selected, as
 * with `npx pulumi` and `npx flotilla`.
 *
 * @param list is asked only where none is named
 */
export async function chooseStack(named: string | undefined, list: () => Promise<Stacks>): Promise<string> {
  const given = named ?? (process.env.FLOTILLA_STACK || undefined);
  return given ?? selectedIn(await list()) ?? DEFAULT_STACK;
}

export function selectedIn(stacks: Stacks): string | undefined {
  return stacks.find(({ current }) => current)?.name;
}

/** Reads the stack's state. */
export async function readState(stack: string): Promise<StackState> {
  return parseState(await askPulumi('stack', 'export', '--stack', stack));
}

/** Parses what `pulumi stack export` prints. */
export function parseState(exported: unknown): StackState {
  const { resources, pending_operations: pending } = Export.parse(exported).deployment;
  return {
    resources: resources?.length ?? 0,
    pending: (pending ?? []).map(({ type, resource: { urn } }) => ({ type, urn })),
  };
}

/** The stack's platform by its configuration file, which may not exist yet. */
export function platformOf(stack: string): string {
  const file = join('stacks', `Pulumi.${shortName(stack)}.yaml`);
  return parsePlatform(readIfPresent(join(CLONE, file)) ?? '', file);
}

/**
 * Finds the platform in a stack's configuration. What is wrong with the rest is found when pulumi runs.
 *
 * @throws Error that names the file when it is no YAML, or no stack's configuration
 */
export function parsePlatform(config: string, file: string): string {
  try {
    const platform = StackConfig.parse(parse(config))?.config?.['flotilla:platform'];
    return typeof platform === 'string' ? platform : DEFAULT_PLATFORM;
  } catch (cause) {
    const why =
      cause instanceof z.ZodError ? 'expected `config:` with one `flotilla:` key a line' : messageOf(cause);
    throw new Error(`${file} can't be read: ${why}. Next step: correct it`, { cause });
  }
}
