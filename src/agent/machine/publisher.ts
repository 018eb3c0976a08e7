import type { UnitStatus } from '../../model/status.ts';
import { encodeStatus, machineKey, statusKey, statusPrefix } from '../../store/keys.ts';
import type { Comparison, Lease, Operation, Store } from '../../store/store.ts';
import { inBatches } from '../../store/transaction.ts';
import type { ManagedUnit } from '../systemd/systemd.ts';
import type { LastWords } from './last-words.ts';

/** What is told of a unit beside what systemd says. */
export type Remarks = Pick<UnitStatus, 'ready' | 'waiting'>;

/** What is to be written of one unit; without a value it is gone. */
interface News {
  readonly name: string;
  readonly value?: string;
  readonly operation: Operation;
}

/** Keeps `/flotilla/states/<machine id>/` like the machine's units, writing only what changed. */
export class Publisher {
  readonly #store: Store;
  readonly #lastWords: LastWords;
  readonly #machineId: string;
  #lease: Lease | undefined;
  /** Compared with every write: one that comes through late, under an older lease, would take the states with it. */
  #membership: readonly Comparison[] = [];
  /** What the store has, by unit, under the lease above. */
  #published = new Map<string, string>();
  /** The store's revision at which each unit was last written under that lease. */
  #revisions = new Map<string, bigint>();

  constructor(store: Store, lastWords: LastWords, machineId: string) {
    this.#store = store;
    this.#lastWords = lastWords;
    this.#machineId = machineId;
  }

  /** Writes what is not yet written under `lease`; a new lease gets everything. Rejects as the store does. */
  async publish(
    units: readonly ManagedUnit[],
    remarks: (unit: string) => Remarks,
    lease: Lease,
  ): Promise<void> {
    if (lease !== this.#lease) await this.#adopt(lease);
    const wanted = new Map<string, string>();
    for (const unit of units) {
      wanted.set(unit.name, encodeStatus({ ...(await this.#statusOf(unit)), ...remarks(unit.name) }));
    }
    const gone = [...this.#published.keys()].filter((name) => !wanted.has(name));
    const changed = [...wanted].filter(([name, value]) => this.#published.get(name) !== value);
    const news: News[] = [
      ...gone.map((name) => ({ name, operation: { delete: this.#key(name) } })),
      ...changed.map(([name, value]) => {
        return { name, value, operation: { put: this.#key(name), value, lease: lease.id } };
      }),
    ];
    for (const batch of inBatches(news, ({ operation }) => [operation])) await this.#write(batch);
  }

  async #write(news: readonly News[]): Promise<void> {
    const success = news.map(({ operation }) => operation);
    const { succeeded, revision } = await this.#store.transact({ compare: this.#membership, success });
    if (!succeeded) {
      this.#lease = undefined;
      throw new Error(`${machineKey(this.#machineId)} has changed; the units' states are told again`);
    }
    for (const { name, value } of news) {
      if (value === undefined) {
        this.#published.delete(name);
        this.#revisions.delete(name);
      } else {
        this.#published.set(name, value);
        this.#revisions.set(name, revision);
      }
    }
  }

  /** The store's revision of what was last said of the unit under `lease`; undefined when nothing was. */
  revisionOf(unit: string, lease: Lease): bigint | undefined {
    return lease === this.#lease ? this.#revisions.get(unit) : undefined;
  }

  /** What an earlier lease left behind is taken over or deleted by the next write. */
  async #adopt(lease: Lease): Promise<void> {
    const machine = await this.#store.list(machineKey(this.#machineId));
    this.#membership = machine.keys.map(({ key, modRevision }) => ({ key, modRevision }));
    const prefix = statusPrefix(this.#machineId);
    const { keys } = await this.#store.list(prefix);
    this.#published = new Map(keys.map(({ key }) => [key.slice(prefix.length), '']));
    this.#revisions = new Map();
    this.#lease = lease;
  }

  async #statusOf(unit: ManagedUnit): Promise<UnitStatus> {
    const { name, hash, load, active, sub, started } = unit;
    const failure = await this.#lastWords.of(unit);
    const status = { unit: name, machineId: this.#machineId, load, active, sub, hash, started };
    return { ...status, ...(failure && { failure }) };
  }

  #key(unit: string): string {
    return statusKey(this.#machineId, unit);
  }
}
