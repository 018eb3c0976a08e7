import { dirname } from 'node:path';
import { upCommand } from '../model/up-command.ts';
import { cacheFolder } from '../qemu/cache-folder.ts';
import { ageText, sizeText } from '../qemu/prune-limits.ts';
import { type CacheEntry, listCache } from '../qemu/template-cache.ts';
import { localVerb, type Verb } from './command.ts';
import type { Context } from './context.ts';
import { painter, printJson } from './say.ts';
import { type Cell, nothing, renderTable } from './table.ts';

interface ListOptions {
  readonly legend: boolean;
  readonly json?: boolean;
}

const legend = ['KIND', 'KEY', 'WHAT', 'SIZE', 'USED', 'MADE', 'NOTE'];

export const cacheList: Verb = (context) =>
  localVerb('list', {
    summary: 'list images and templates with the room they take',
    description:
      'Lists templates, the last used one first, and images, which do not note their use. The size is what is ' +
      'taken on disk.\n\nWith --json: [{kind, key, state (complete, half-made, removed), image, accelerator, ' +
      'cpus, memory (MiB), disk (GiB), source, bytes, lastUse, madeAt, path}], with null where there is nothing.',
    examples: ['cache list', 'cache list --json'],
  })
    .option('--no-legend', 'no column headers and no total')
    .option('--json', 'JSON for scripts: an array with one object a row')
    .action(async (options: ListOptions) => {
      const entries = (await listCache({ ...context.env })).filter(({ kind }) => kind !== 'lock');
      if (options.json) printJson(context, entries.map(json));
      else context.terminal.stdout.write(render(context, entries, options));
    });

function render(context: Context, entries: readonly CacheEntry[], options: ListOptions): string {
  if (entries.length === 0) {
    const folder = dirname(cacheFolder('images', { ...context.env }));
    return `There is no cache in ${folder} yet: ${upCommand()} makes what a local stack needs.\n`;
  }
  const now = Date.now();
  const rows = entries.map((entry) => row(entry, now));
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  const last = ['total', '', '', sizeText(total)].map((text): Cell => ({ text }));
  const table = options.legend ? [legend.map((text) => ({ text })), ...rows, last] : rows;
  return renderTable(table, painter(context));
}

function row(entry: CacheEntry, now: number): Cell[] {
  const { kind, key, state, bytes, madeAt } = entry;
  const ago = (time: number | undefined) =>
    time === undefined ? nothing : { text: `${ageText(now - time)} ago` };
  const note: Cell =
    state === 'complete' ? nothing : { text: state === 'removed' ? 'half-removed' : state, style: 'yellow' };
  return [
    ...[{ text: kind }, { text: key }, { text: what(entry) || '-' }, { text: sizeText(bytes) }],
    ...[ago(lastUse(entry)), ago(madeAt), note],
  ];
}

/** `trixie-8ccbd2ecb66a, tcg, 1 CPU, 1024 MiB memory, 8 GiB disk`, or what an image was made of. */
function what({ about }: CacheEntry): string {
  const { image, accelerator, cpus, memory, disk, source } = about;
  const parts = [
    ...[source, image, accelerator, cpus && `${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'}`],
    ...[memory && `${memory} MiB memory`, disk && `${disk} GiB disk`],
  ];
  return parts.filter(Boolean).join(', ');
}

function lastUse({ kind, state, lastUse }: CacheEntry): number | undefined {
  return kind === 'template' && state === 'complete' ? lastUse : undefined;
}

/** Scripts rely on it: keys may come, none may go or change its meaning. */
function json(entry: CacheEntry) {
  const { kind, key, state, about, bytes, madeAt, path } = entry;
  const { image = null, accelerator = null, cpus = null, memory = null, disk = null, source = null } = about;
  const time = (at: number | undefined) => (at === undefined ? null : new Date(at).toISOString());
  return {
    ...{ kind, key, state, image, accelerator, cpus, memory, disk, source, bytes },
    ...{ lastUse: time(lastUse(entry)), madeAt: time(madeAt), path },
  };
}
