import { shortDigest } from '../image/digest.ts';
import { Docker, type KeptImage } from '../image/docker.ts';
import { messageOf } from '../model/message-of.ts';
import { sizeText } from '../qemu/prune-limits.ts';
import type { Cluster } from './cluster.ts';
import type { Verb } from './command.ts';
import { type Listing, listing } from './listing.ts';
import { nothing } from './table.ts';

interface Row {
  /** Null of an image that has lost its name to a newer one, and of a machine that gave no answer. */
  readonly name: string | null;
  /** Null where a machine gave no answer. */
  readonly image: KeptImage | null;
  /** In the stack's order. */
  readonly machines: readonly string[];
  readonly note: string;
}

const images: Listing<Row> = {
  name: 'list',
  summary: 'list the images that machines have, and on which they are',
  description:
    'Asks the Docker of every machine. An image that not all machines have says where it is missing, and two images ' +
    'of one name stand in two lines. A machine that gives no answer has a line of its own.\n\n' +
    'With --json: [{name, id, bytes, created, machines, note}], with null where there is nothing.',
  examples: ['image list', 'image list --fields name,id --no-legend'],
  fields: {
    name: ({ name }) => (name === null ? nothing : { text: name }),
    id: ({ image }, full) => (image ? { text: full ? image.id : shortDigest(image.id) } : nothing),
    size: ({ image }) => (image ? { text: sizeText(image.size) } : nothing),
    machines: ({ machines }) => ({ text: machines.join(',') }),
    note: ({ note }) => (note === '' ? nothing : { text: note, style: 'yellow' }),
  },
  defaults: ['name', 'id', 'size', 'machines', 'note'],
  rows: readRows,
  json: ({ name, image, machines, note }) => ({
    ...{ name, id: image?.id ?? null, bytes: image?.size ?? null },
    ...{ created: image ? new Date(image.created * 1000).toISOString() : null, machines, note },
  }),
};

async function readRows(cluster: Cluster): Promise<readonly Row[]> {
  const asked = cluster.machines.map(async (machine) => {
    try {
      return { machine: machine.name, found: await new Docker(await cluster.connect(machine)).images() };
    } catch (error) {
      return { machine: machine.name, found: [], failure: messageOf(error) };
    }
  });
  const answers = await Promise.all(asked);
  const silent = answers.filter(({ failure }) => failure !== undefined);
  const alive = answers.filter(({ failure }) => failure === undefined).map(({ machine }) => machine);
  const rows = new Map<string, Row>();
  for (const { machine, found } of answers)
    for (const image of found)
      for (const name of image.names.length > 0 ? image.names : [null]) {
        const key = `${name} ${image.id}`;
        const machines = [...(rows.get(key)?.machines ?? []), machine];
        rows.set(key, { name, image, machines, note: '' });
      }
  const sorted = [...rows.values()].sort(byName);
  return [
    ...sorted.map((row) => ({ ...row, note: noteOf(row, alive) })),
    ...silent.map(({ machine, failure = '' }) => ({
      name: null,
      image: null,
      machines: [machine],
      note: failure,
    })),
  ];
}

/** Those without a name last. */
function byName(a: Row, b: Row): number {
  if (a.name === null || b.name === null) return Number(a.name === null) - Number(b.name === null);
  return a.name.localeCompare(b.name, 'en', { numeric: true });
}

function noteOf({ name, machines }: Row, alive: readonly string[]): string {
  if (name === null) return 'no name any more';
  const missing = alive.filter((machine) => !machines.includes(machine));
  return missing.length === 0 ? '' : `not on ${missing.join(', ')}`;
}

export const imageList: Verb = (context) => listing(context, images);
