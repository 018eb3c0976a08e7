import type { ImageKeeper, ImageRecord } from '../../model/image-record.ts';
import type { Machine } from '../../model/machine.ts';
import type { Clock } from '../../store/clock.ts';
import { encodeKeeper, keeperKey, parseImage, parseKeeper, prefixes } from '../../store/keys.ts';
import { type MirrorView, mirror } from '../../store/mirror.ts';
import type { Lease, Store } from '../../store/store.ts';
import type { Log } from '../log.ts';
import type { Source } from './image-host.ts';

export interface ImageDirectoryOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly machine: Pick<Machine, 'id' | 'address'>;
  /** Images for other processors are passed over. */
  readonly architecture: string;
  readonly onChange: () => void;
}

/** What etcd says of images and of who keeps them, and this machine's own word among it. */
export class ImageDirectory {
  readonly #options: ImageDirectoryOptions;
  /** By name. Undefined until the store was read once: what nobody knows of would be taken for what nobody wants. */
  #records: ReadonlyMap<string, ImageRecord> | undefined;
  /** By machine id, likewise. */
  #keepers: ReadonlyMap<string, ImageKeeper> | undefined;
  #lease: Lease | undefined;
  #told = '';

  constructor(options: ImageDirectoryOptions) {
    this.#options = options;
  }

  /** From now on this machine's word is told under this lease. */
  attach(lease: Lease): void {
    this.#lease = lease;
    this.#told = '';
  }

  /** Until `signal` aborts; never rejects. */
  async follow(signal: AbortSignal): Promise<void> {
    const { architecture, onChange, ...options } = this.#options;
    const follow = (prefix: string, hear: (entries: MirrorView['entries']) => void) => {
      const changed = ({ entries }: MirrorView) => {
        hear(entries);
        onChange();
      };
      return mirror({ ...options, prefix, onChange: changed }, signal);
    };
    await Promise.all([
      follow(`${prefixes.image}${architecture}/`, (entries) => {
        this.#records = parsed(entries, parseImage, ({ name }) => name);
      }),
      follow(prefixes.keeper, (entries) => {
        this.#keepers = parsed(entries, parseKeeper, ({ machineId }) => machineId);
      }),
    ]);
  }

  record(name: string): ImageRecord | undefined {
    return this.#records?.get(name);
  }

  /** All records, once the machines are known too and there is a lease to tell anything under. */
  get records(): readonly ImageRecord[] | undefined {
    const isMember = this.#lease !== undefined && !this.#lease.lost.aborted;
    return isMember && this.#records && this.#keepers ? [...this.#records.values()] : undefined;
  }

  /** What the machines that are there say of themselves. */
  get keepers(): readonly ImageKeeper[] {
    return [...(this.#keepers?.values() ?? [])];
  }

  isMember(machineId: string): boolean {
    return this.#keepers?.has(machineId) ?? false;
  }

  /** Whether any machine keeps the image, this one or another. */
  isKept({ manifest }: ImageRecord): boolean {
    return this.keepers.some(({ images }) => images.includes(manifest.digest));
  }

  /** Other machines that keep the image. */
  sourcesOf({ manifest }: ImageRecord): Source[] {
    const { machine } = this.#options;
    return this.keepers.flatMap((keeper) => {
      const { port, machineId, images } = keeper;
      return port !== undefined && machineId !== machine.id && images.includes(manifest.digest)
        ? [{ ...keeper, port }]
        : [];
    });
  }

  /** Tells that this machine keeps these images, and serves them at `port`. What was told before is not written again. */
  async tell(kept: readonly ImageRecord[], port: number | undefined): Promise<void> {
    const { store, machine } = this.#options;
    const lease = this.#lease;
    if (lease === undefined) return;
    const images = [...new Set(kept.map(({ manifest }) => manifest.digest))].sort();
    const keeper = { machineId: machine.id, address: machine.address, ...(port && { port }), images };
    const value = encodeKeeper(keeper);
    if (value === this.#told) return;
    await store.transact({ compare: [], success: [{ put: keeperKey(machine.id), value, lease: lease.id }] });
    this.#told = value;
    // One's own word is known at once, whenever the store tells it.
    this.#keepers = new Map([
      ...this.keepers.map((each) => [each.machineId, each] as const),
      [machine.id, keeper],
    ]);
  }
}

function parsed<T>(
  entries: MirrorView['entries'],
  parse: (key: string, value: string) => { readonly value: T } | { readonly malformed: unknown },
  keyOf: (value: T) => string,
): ReadonlyMap<string, T> {
  const found = [...entries].map(([key, { value }]) => parse(key, value));
  return new Map(found.flatMap((each) => ('value' in each ? [[keyOf(each.value), each.value]] : [])));
}
