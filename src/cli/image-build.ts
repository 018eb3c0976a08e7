import { isIPv4 } from 'node:net';
import type { Command } from 'commander';
import { buildOn } from '../image/build/build.ts';
import { takeBuilt } from '../image/build/built-image.ts';
import { type BuildPlan, type BuildStep, planBuild } from '../image/build/choose-builder.ts';
import { type BuildContext, readContext } from '../image/build/context.ts';
import type { BuildRequest } from '../image/build/docker-build.ts';
import { lookForRooms } from '../image/build/room.ts';
import { StepFailed } from '../image/build/steps.ts';
import { look, type PushMachine } from '../image/look.ts';
import { plainText } from '../model/plain-text.ts';
import { InvalidInput } from '../model/problem.ts';
import { sizeText } from '../qemu/prune-limits.ts';
import type { Cluster } from './cluster.ts';
import { type Verb, verb, withCluster } from './command.ts';
import type { Context } from './context.ts';
import { CommandFailed, failed, wrongUsage } from './failure.ts';
import { pushImage, pushMachines, refuseBadName } from './image-push.ts';
import { findMachine } from './lookup.ts';
import { painter, print, say } from './say.ts';
import { renderTable } from './table.ts';

interface BuildOptions {
  readonly name: string;
  readonly file: string;
  readonly buildArg: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly machine?: string;
  readonly network: string;
  readonly cache: boolean;
  readonly dryRun?: boolean;
}

export const imageBuild: Verb = (context) =>
  verb('build', {
    summary: 'build a folder with a Dockerfile on one machine, and bring the image to all',
    description:
      'Sends the folder to one machine, whose Docker builds it, and brings the image to all others from there. Its steps ' +
      'reach the internet, but no machine of the cluster, no private network and no metadata service. What the build ' +
      'prints goes to standard error. Ctrl-C ends it on the machine too.\n\n' +
      'Exit status: 0 all machines have the image, 1 it was not built, or some do not have it, and why was said.',
    examples: [
      'image build app --name app:1',
      'image build . --name team/app:2 --file deploy/Dockerfile --build-arg VERSION=2 --machine worker-1',
      'image build app --name app:1 --dry-run',
    ],
  })
    .argument('<folder>', 'what the Dockerfile may copy from; .dockerignore says what not')
    .requiredOption('--name <name:tag>', 'what machines and units call the image')
    .option('--file <path>', 'the Dockerfile, by its path below the folder', 'Dockerfile')
    .option('--build-arg <key=value>', 'sets an ARG of the Dockerfile; may be given again', addArgument, {})
    .option('--target <stage>', 'which stage of the Dockerfile is the image; default: the last')
    .option('--machine <machine>', 'the machine that builds')
    .option('--network <network>', 'what steps reach: internet or none', 'internet')
    .option('--no-cache', 'make every step anew')
    .option('--dry-run', 'only say what would be sent, and which machine would build')
    .action(async (folder: string, options: BuildOptions, command: Command) => {
      refuseBadName(options.name);
      if (!['internet', 'none'].includes(options.network))
        throw new CommandFailed(`--network is internet or none, not ${options.network}`, wrongUsage);
      const files = await readFolder(folder, options.file);
      await withCluster(context, command, (cluster) => build(context, cluster, files, options));
    });

/** `KEY=VALUE`, as Docker's own --build-arg; one without a value would be taken from the environment there. */
function addArgument(text: string, before: Readonly<Record<string, string>>) {
  const [, key, value] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined)
    throw new CommandFailed(`--build-arg ${text} is not KEY=VALUE, such as VERSION=2`, wrongUsage);
  return { ...before, [key]: value };
}

async function readFolder(folder: string, file: string): Promise<BuildContext> {
  try {
    return await readContext(folder, file);
  } catch (error) {
    throw error instanceof InvalidInput ? new CommandFailed(error.message, failed, { cause: error }) : error;
  }
}

async function build(
  context: Context,
  cluster: Cluster,
  files: BuildContext,
  options: BuildOptions,
): Promise<number> {
  const { signal } = context;
  const { name } = options;
  const machine =
    options.machine === undefined ? undefined : findMachine(cluster.machines, options.machine).name;
  const machines = pushMachines(cluster, {});
  const found = await look(machines, signal, (line) => say(context, line));
  const candidates = await lookForRooms(machines, found, signal);
  const plan = planBuild({ name, bytes: files.bytes, machine }, candidates);
  showPlan(context, plan, files, name);
  const builder = machines.find((each) => each.name === plan.builder?.machine);
  if (plan.builder === undefined || builder === undefined) {
    say(context, machine === undefined ? 'no machine can build it' : `${machine} can't build it`);
    return failed;
  }
  if (options.dryRun) return 0;
  const id = await run(context, cluster, builder, plan.builder.room, files, options);
  print(context, `${name} was built on ${builder.name}.`);
  const image = await takeBuilt(builder, name, id, signal);
  return pushImage(context, cluster, image, name);
}

async function run(
  context: Context,
  cluster: Cluster,
  builder: PushMachine,
  room: NonNullable<BuildPlan['builder']>['room'],
  files: BuildContext,
  options: BuildOptions,
): Promise<string> {
  const { signal, terminal } = context;
  try {
    return await buildOn(builder, room, files.open(), {
      request: requestOf(files, options),
      online: options.network === 'internet',
      machines: addressesOf(cluster),
      signal,
      onOutput: (text) => terminal.stderr.write(plainText(text)),
    });
  } catch (error) {
    if (error instanceof StepFailed)
      throw new CommandFailed(`${builder.name}: ${error.message}`, failed, { cause: error });
    throw error;
  } finally {
    if (signal.aborted) say(context, `stopped; ${builder.name} ends the build and removes what it ran in`);
  }
}

function requestOf({ dockerfile }: BuildContext, options: BuildOptions): BuildRequest {
  const { name, target, buildArg: buildArgs, cache } = options;
  return { name, dockerfile, target, buildArgs, cache };
}

/** Where the machines answer, to each other and to us. Names and this computer's own addresses lead to none of them. */
function addressesOf({ machines }: Cluster): readonly string[] {
  const all = machines.flatMap(({ address, host }) => [address, host]);
  return [...new Set(all)].filter((address) => isIPv4(address) && !address.startsWith('127.'));
}

function showPlan(context: Context, { steps, builder }: BuildPlan, files: BuildContext, name: string): void {
  const does = (step: BuildStep) =>
    ({ build: `builds ${name}`, receive: 'gets what it lacks', skip: 'left out' })[step.action];
  const rows = steps.map((step) => [step.machine, does(step), step.reason]);
  const table = [['MACHINE', 'DOES', 'WHY'], ...rows].map((row) => row.map((text) => ({ text })));
  context.terminal.stdout.write(renderTable(table, painter(context)));
  if (builder === undefined) return;
  const count = `${files.files} ${files.files === 1 ? 'file' : 'files'}`;
  print(
    context,
    `${count}, ${sizeText(files.bytes)} before compression, will leave this computer, and nothing else.`,
  );
  for (const path of files.secrets)
    say(
      context,
      `${path} may hold a secret and goes into the build; name it in .dockerignore if it should not`,
    );
}
