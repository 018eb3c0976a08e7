import { InvalidArgumentError, Option } from 'commander';
import { plainText } from '../model/plain-text.ts';
import { cacheFolder } from '../qemu/cache-folder.ts';
import { type PruneOutcome, prune } from '../qemu/prune.ts';
import { defaultLimits, parseAge, parseSize, sizeText } from '../qemu/prune-limits.ts';
import { isTemplateEntry } from '../qemu/prune-plan.ts';
import { listCache } from '../qemu/template-cache.ts';
import { localVerb, type Verb } from './command.ts';
import type { Context } from './context.ts';

interface PruneOptions {
  readonly olderThan: number;
  readonly keepSize: number;
  readonly all?: boolean;
  readonly dryRun?: boolean;
}

const olderThan = new Option('--older-than <duration>', 'remove templates not used for this long: 30d, 12h')
  .argParser(toAge)
  .default(defaultLimits.olderThan, '30d');
const keepSize = new Option(
  '--keep-size <size>',
  'then the least recently used ones until the rest fits: 500MiB',
)
  .argParser(toSize)
  .default(defaultLimits.keepSize, '4GiB');

export const cachePrune: Verb = (context) =>
  localVerb('prune', {
    summary: 'remove templates that are old or take too much room',
    description:
      'Removes templates and what cut-off runs left of them, and says why each goes. Machines that run are not ' +
      'harmed, and a template that is needed again is made again. Images are never removed, because the disks ' +
      'of machines lie over them. Exit status: 0 done, 1 something could not be removed.',
    examples: ['cache prune --dry-run', 'cache prune --older-than 7d --keep-size 1GiB'],
  })
    .addOption(olderThan)
    .addOption(keepSize)
    .addOption(new Option('--all', 'remove all templates').conflicts(['olderThan', 'keepSize']))
    .option('--dry-run', 'only say what would be removed, and why')
    .action((options: PruneOptions) => pruneCache(context, options));

async function pruneCache(context: Context, { dryRun = false, ...limits }: PruneOptions): Promise<void> {
  const { stdout, stderr } = context.terminal;
  const log = (line: string) => stderr.write(`flotilla: ${line}\n`);
  const outcomes: PruneOutcome[] = [];
  for await (const outcome of prune(cacheFolder('templates', { ...context.env }), limits, { log, dryRun })) {
    stdout.write(plainText(`${sentence(outcome, dryRun)}\n`));
    outcomes.push(outcome);
    context.signal.throwIfAborted();
  }
  stdout.write(await summary(context, outcomes, dryRun));
  const failed = outcomes.find(({ error }) => error !== undefined);
  if (failed?.error) throw failed.error;
}

function sentence({ entry, reason, spared, error }: PruneOutcome, dryRun: boolean): string {
  const which = entry.kind === 'lock' ? `lock file ${entry.name}` : `template ${entry.name}`;
  const size = entry.kind === 'lock' ? '' : ` (${sizeText(entry.bytes)})`;
  if (error) return `failed: ${which}${size}, ${reason}`;
  if (spared !== undefined) return `kept ${which}${size}, ${reason}: ${spared}`;
  return `${dryRun ? 'would remove' : 'removed'} ${which}${size}: ${reason}`;
}

/** What is left, and why images are. */
async function summary(
  { env }: Context,
  outcomes: readonly PruneOutcome[],
  dryRun: boolean,
): Promise<string> {
  const going = outcomes.filter(({ error, spared }) => error === undefined && spared === undefined);
  const paths = new Set(going.map(({ entry }) => entry.path));
  const entries = await listCache({ ...env });
  const rest = entries.filter((entry) => isTemplateEntry(entry) && !paths.has(entry.path));
  const images = entries.filter(({ kind }) => kind === 'image');
  const freed = `${size(going.map(({ entry }) => entry))} ${dryRun ? 'would be freed' : 'freed'}`;
  const reassurance = 'Images are never removed, for the disks of machines lie over them';
  return (
    `${outcomes.length === 0 ? 'Nothing to remove' : freed}, ${size(rest)} of templates left.\n` +
    (images.length === 0 ? '' : `${reassurance}: ${size(images)}.\n`)
  );
}

const size = (entries: readonly { bytes: number }[]) =>
  sizeText(entries.reduce((sum, { bytes }) => sum + bytes, 0));

function toAge(text: string): number {
  const age = parseAge(text);
  if (age !== undefined) return age;
  throw new InvalidArgumentError('It must be a number with a unit of s, m, h, d or w, such as 30d.');
}

function toSize(text: string): number {
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  throw new InvalidArgumentError('It must be a number with a unit of B, KiB, MiB, GiB or TiB, such as 4GiB.');
}
