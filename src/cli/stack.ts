import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { isPackage, ownFolder } from '../model/own-files.ts';
import { parseJson } from '../model/parse-json.ts';
import { platformNames } from '../model/platform-name.ts';
import { proxyJumpSchema } from '../model/proxy-jump.ts';
import { remind } from '../model/remind.ts';
import { upCommand } from '../model/up-command.ts';
import { CommandFailed, unreachable } from './failure.ts';
import { connectionsInState } from './stack-state.ts';

/** Whoever installed the package stands in their own project, and has a Pulumi of their own. */
const project = isPackage ? process.cwd() : ownFolder;
const ownPulumi = isPackage ? 'pulumi' : join(ownFolder, 'bin', 'pulumi');

/** A machine as the stack made it. */
const knownMachine = z.object({
  /** The plan's name for it: `core-1`. */
  name: z.string(),
  /** Its /etc/machine-id. */
  id: z.string(),
  /** On the cluster network. */
  address: z.string(),
  /** Where its SSH answers from here, or from the bastion, and the host key that proves it. */
  host: z.string(),
  port: z.number(),
  hostKey: z.string(),
  proxyJump: proxyJumpSchema.optional(),
  /** Where it comes from. Outputs of earlier versions don't say. */
  platform: z.enum(platformNames).optional(),
  /** Who logs in. Outputs of earlier versions don't say of each machine: then it is this one. */
  user: z.string().default('core'),
  /** Whether etcd runs there. Outputs of earlier versions don't say. */
  etcd: z.boolean().default(false),
});
export type KnownMachine = z.infer<typeof knownMachine>;

/** The stack's secret output `connection`: all that it takes to reach the cluster. */
const connection = z.object({ privateKey: z.string(), machines: z.array(knownMachine) });
export type StackConnection = z.infer<typeof connection>;

const outputs = z.object({ connection });

export interface StackQuery {
  readonly stack?: string | undefined;
  /** Which of the stack's clusters, by its component's name; the only one when it is left out. */
  readonly cluster?: string | undefined;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
  /** The Pulumi CLI; default: this clone's, of an installed package the one on PATH. */
  readonly pulumi?: string;
  /** The folder of the Pulumi project; default: this clone, of an installed package the working directory. */
  readonly folder?: string;
  /** Whether this is an installed package, in somebody's own program; default: as it is. */
  readonly installed?: boolean;
}

/** Pulumi answers, and there is no cluster to be reached: nothing is wrong but that. */
export class NoCluster extends CommandFailed {
  constructor(message: string) {
    super(message, unreachable);
  }
}

/** Seconds. Pulumi reads its state from the user's backend, which may be far away. */
const deadline = 120;

function howToChoose({ installed, stack }: StackQuery): string {
  return `${upCommand(installed, stack)} brings one up; choose another with --stack or FLOTILLA_STACK`;
}

/** Asks Pulumi for the stack's outputs, or for its resources while there are none. They hold the private key, so nothing of them is ever shown. */
export async function readStack(query: StackQuery): Promise<StackConnection> {
  const which = query.stack === undefined ? 'the selected stack' : `stack ${query.stack}`;
  if (query.cluster === undefined) {
    const parsed = outputs.safeParse(parseJson(await askPulumi(['output', '--json'], query, which)));
    if (parsed.success) return parsed.data.connection;
  }
  const state = parseJson(await askPulumi(['export'], query, which));
  const made = [...connectionsInState(state)].flatMap(([name, found]) => {
    const { data } = connection.safeParse(found);
    return data ? [{ name, connection: data }] : [];
  });
  return choose(made, query, which);
}

/** The only cluster is taken unasked. */
function choose(
  made: readonly { readonly name: string; readonly connection: StackConnection }[],
  query: StackQuery,
  which: string,
): StackConnection {
  const { cluster: wanted } = query;
  const [found, another] = made.filter(({ name }) => name === (wanted ?? name));
  const names = made.map(({ name }) => name).join(', ');
  if (another)
    throw new CommandFailed(
      `${which} has the clusters ${names}; choose one with --cluster or FLOTILLA_CLUSTER`,
      unreachable,
    );
  if (found) return found.connection;
  if (wanted !== undefined && made.length > 0) {
    const has = names === '' ? 'it is one cluster: leave --cluster out' : `it has ${names}`;
    throw new CommandFailed(`${which} has no cluster ${wanted} that is up; ${has}`, unreachable);
  }
  throw new NoCluster(`${which} has no cluster that is up; ${howToChoose(query)}`);
}

async function askPulumi(verb: readonly string[], query: StackQuery, which: string): Promise<string> {
  const select = query.stack === undefined ? [] : ['--stack', query.stack];
  const stopReminding = remind(query.log, () => `Pulumi to read ${which}`);
  try {
    const { stdout } = await promisify(execFile)(
      query.pulumi ?? ownPulumi,
      ['stack', ...verb, '--show-secrets', '--non-interactive', ...select],
      {
        cwd: query.folder ?? project,
        timeout: deadline * 1000,
        maxBuffer: 64 * 1024 * 1024,
        ...(query.signal ? { signal: query.signal } : {}),
      },
    );
    return stdout;
  } catch (cause) {
    query.signal?.throwIfAborted();
    // Without the cause: it carries what Pulumi printed.
    const why = complaint(cause);
    const message = `Pulumi can't read ${which}: ${why}${nextStep(why, query)}`;
    throw isNoStack(why) ? new NoCluster(message) : new CommandFailed(message, unreachable);
  } finally {
    stopReminding();
  }
}

/** What to do about Pulumi's complaint, unless that says so. */
function nextStep(why: string, query: StackQuery): string {
  if (why.includes('Next step')) return '';
  return `; ${isNoStack(why) ? howToChoose(query) : '`npx pulumi stack output` says the same and more'}`;
}

function isNoStack(why: string): boolean {
  return /no stack (named|selected)/.test(why);
}

/** The error of execFile: a number is the exit status, a word says why there was none. */
const failedRun = z.object({
  stderr: z.string(),
  killed: z.boolean().optional(),
  code: z.union([z.number(), z.string()]).nullish(),
});

/** Pulumi's own line of complaint. */
function complaint(cause: unknown): string {
  const run = failedRun.safeParse(cause);
  if (!run.success) return 'it failed';
  if (typeof run.data.code === 'string') return `it could not be run (${run.data.code})`;
  if (run.data.killed) return `no answer within ${deadline} s`;
  const lines = run.data.stderr.split('\n').filter((line) => line.trim() !== '');
  const line = lines.find((each) => each.startsWith('error:')) ?? lines.at(-1) ?? 'it says nothing';
  return line.replace(/^error:\s*/, '').trim();
}
