import type { Command } from 'commander';
import type { Image } from '../image/image.ts';
import { look, type PushMachine } from '../image/look.ts';
import { type PushPlan, planPush, type Step } from '../image/plan.ts';
import { bytesText, doesText } from '../image/plan-text.ts';
import { push } from '../image/push.ts';
import { PushProgress } from '../image/push-progress.ts';
import { recordOf } from '../image/record.ts';
import { parseReference } from '../image/reference.ts';
import { withImage } from '../image/source.ts';
import { messageOf } from '../model/message-of.ts';
import { InvalidInput } from '../model/problem.ts';
import { heartbeat } from '../model/remind.ts';
import type { Cluster } from './cluster.ts';
import { type Verb, verb, withCluster } from './command.ts';
import type { Context } from './context.ts';
import { CommandFailed, failed, wrongUsage } from './failure.ts';
import { findMachine } from './lookup.ts';
import { painter, print, say } from './say.ts';
import { renderTable } from './table.ts';

interface PushOptions {
  readonly platform: string;
  readonly select?: string;
  readonly machine?: readonly string[];
  readonly dryRun?: boolean;
}

export const imagePush: Verb = (context) =>
  verb('push', {
    summary: "bring an image to the machines' Docker, missing layers only",
    description:
      'Takes an image from an OCI layout (a folder or an archive), from an archive of `docker save`, or, where there ' +
      "is no such file, from this computer's Docker. Machines that lack it get the layers that they lack: one of " +
      'them from this computer, all others from that one. It needs no registry, and leaves neither a service nor a ' +
      'password on the machines. A push that was cut off goes on where it ended when it is run again.\n\n' +
      'Exit status: 0 all machines have it, 1 some do not, and why was said.',
    examples: ['image push app:1', 'image push app.tar', 'image push build/layout team/app:2 --dry-run'],
  })
    .argument('<source>', 'folder, archive, or name of an image here')
    .argument('[name]', 'what machines and units call it, with a tag; default: its name in the source')
    .option('--platform <os/architecture>', 'which one of an image that is there for several', 'linux/amd64')
    .option('--select <name>', 'which image of a source that has several')
    .option('--machine <machines...>', 'these machines alone')
    .option('--dry-run', 'only say what each machine lacks, and where it would get it from')
    .action(async (source: string, name: string | undefined, options: PushOptions, command: Command) => {
      if (name !== undefined) refuseBadName(name);
      await withReadImage(context, source, options, (image) =>
        withCluster(context, command, (cluster) =>
          pushImage(context, cluster, image, nameOf(image, name), options),
        ),
      );
    });

export function refuseBadName(name: string): string {
  if (parseReference(name) !== undefined) return name;
  throw new CommandFailed(`${name} is no name with a tag, such as app:1 or team/app:1`, wrongUsage);
}

function nameOf(image: Image, given: string | undefined): string {
  if (given !== undefined) return given;
  if (image.name !== undefined && parseReference(image.name) !== undefined) return image.name;
  const has = image.name === undefined ? 'has no name' : `is only called ${image.name}`;
  throw new CommandFailed(
    `the image ${has} there; say what machines are to call it: \`flotilla image push SOURCE app:1\``,
    wrongUsage,
  );
}

async function withReadImage(
  { signal }: Context,
  source: string,
  { platform, select }: PushOptions,
  use: (image: Image) => Promise<void>,
): Promise<void> {
  try {
    await withImage({ source, platform, select }, signal, use);
  } catch (error) {
    throw error instanceof InvalidInput ? new CommandFailed(error.message, failed, { cause: error }) : error;
  }
}

/** Says what each machine lacks, and brings it there. */
export async function pushImage(
  context: Context,
  cluster: Cluster,
  image: Image,
  name: string,
  options: Pick<PushOptions, 'machine' | 'dryRun'> = {},
): Promise<number> {
  const { signal } = context;
  const machines = pushMachines(cluster, options);
  const candidates = await look(machines, signal, (line) => say(context, line));
  const plan = planPush(image, name, candidates);
  showPlan(context, plan);
  if (options.dryRun) return 0;
  const progress = new PushProgress(image, plan, (line) => say(context, line));
  const beat = heartbeat(
    (line) => say(context, line),
    () => progress.summary(),
  );
  try {
    const outcome = await push(image, machines, candidates, { name, signal, onEvent: progress.onEvent });
    const there = machines
      .filter((machine) => !outcome.failed.has(machine.name))
      .map((machine) => machine.name);
    if (there.length > 0)
      print(context, `${name} is on ${there.join(', ')}; ${progress.sentText()} left this computer.`);
    if (there.length > 0) await record(context, cluster, image, name);
    for (const [machine, reason] of outcome.failed) say(context, `${machine} lacks it: ${reason}`);
    return outcome.failed.size === 0 ? 0 : failed;
  } finally {
    beat.stop();
    if (signal.aborted) say(context, 'stopped; what has arrived stays, and the next push goes on from there');
  }
}

/** By it machines that join later get the image from each other. */
async function record(context: Context, cluster: Cluster, image: Image, name: string): Promise<void> {
  try {
    await cluster.api.recordImage(recordOf(name, image));
  } catch (error) {
    context.signal.throwIfAborted();
    say(context, `machines that join later do not get it by themselves: ${messageOf(error)}`);
  }
}

export function pushMachines(
  cluster: Cluster,
  { machine: words }: Pick<PushOptions, 'machine'>,
): readonly PushMachine[] {
  const chosen =
    words === undefined ? cluster.machines : words.map((word) => findMachine(cluster.machines, word));
  return chosen.map((machine) => ({
    name: machine.name,
    address: machine.address,
    connect: () => cluster.connect(machine),
  }));
}

function showPlan(context: Context, plan: PushPlan): void {
  const legend = ['MACHINE', 'DOES', 'FROM', 'WHY'];
  const rows = plan.steps.map((step) => [step.machine, doesText(step), from(step), step.reason]);
  const table = [legend, ...rows].map((row) => row.map((text) => ({ text })));
  context.terminal.stdout.write(renderTable(table, painter(context)));
  print(context, bytesText(plan));
}

function from({ action, from }: Step): string {
  return action === 'pull' ? (from ?? 'here') : '-';
}
