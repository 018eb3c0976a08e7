import type { OfferedService } from '../../model/flotilla-options.ts';
import type { Machine } from '../../model/machine.ts';
import type { Registration } from '../../model/registration.ts';
import type { UnitStatus } from '../../model/status.ts';
import {
  encodeRegistration,
  encodeStatus,
  machineKey,
  parseRegistration,
  serviceKey,
  servicePrefix,
  statusKey,
  statusPrefix,
} from '../../store/keys.ts';
import type { Comparison, Lease, Operation, Store } from '../../store/store.ts';
import { inBatches } from '../../store/transaction.ts';
import type { ManagedUnit } from '../systemd/systemd.ts';
import type { LastWords } from './last-words.ts';
import type { Offer } from './offers.ts';

/** What is told of units beside what systemd says. */
export interface Knowledge {
  remarksOn(unit: string): Pick<UnitStatus, 'ready' | 'waiting' | 'template' | 'certificate'>;
  offerOf(unit: ManagedUnit, status: UnitStatus): Offer;
}

/** What the store shall have of a unit, by key, and what makes it so. */
interface News {
  readonly name: string;
  readonly entries: Entries;
  readonly operations: readonly Operation[];
}

type Entries = ReadonlyMap<string, string>;

const none: Entries = new Map();

/**
 * Keeps `/flotilla/states/<machine id>/` and `/flotilla/services/<machine id>/` like the machine's units, writing only
 * what changed. What is said of one unit is written at once, so that nobody sees it ready and not what it offers.
 */
export class Publisher {
  readonly #store: Store;
  readonly #lastWords: LastWords;
  readonly #machine: Pick<Machine, 'id' | 'name' | 'address'>;
  #lease: Lease | undefined;
  /** Compared with every write: one that comes through late, under an older lease, would take the states with it. */
  #membership: readonly Comparison[] = [];
  /** What the store has, by unit, under the lease above. */
  #published = new Map<string, Entries>();
  /** The store's revision at which each unit's state was last written under that lease. */
  #revisions = new Map<string, bigint>();

  constructor(store: Store, lastWords: LastWords, machine: Pick<Machine, 'id' | 'name' | 'address'>) {
    this.#store = store;
    this.#lastWords = lastWords;
    this.#machine = machine;
  }

  /** Writes what is not yet written under `lease`; a new lease gets everything. Rejects as the store does. */
  async publish(units: readonly ManagedUnit[], knowledge: Knowledge, lease: Lease): Promise<void> {
    if (lease !== this.#lease) await this.#adopt(lease);
    const wanted = new Map<string, Entries>();
    for (const unit of units) wanted.set(unit.name, this.#entriesOf(unit, knowledge));
    for (const name of this.#published.keys()) if (!wanted.has(name)) wanted.set(name, none);
    await this.#writeAll(wanted, lease);
  }

  /** Takes back what these units offer, before anything else is done to them. Their states stay as they were told. */
  async withdraw(units: readonly string[], lease: Lease): Promise<void> {
    if (lease !== this.#lease) return;
    const left = units.map((name): [string, Entries] => {
      const entries = [...(this.#published.get(name) ?? none)];
      return [name, new Map(entries.filter(([key]) => key === this.#statusKey(name)))];
    });
    await this.#writeAll(new Map(left), lease);
  }

  async #writeAll(wanted: ReadonlyMap<string, Entries>, lease: Lease): Promise<void> {
    const news = [...wanted].map(([name, entries]): News => {
      const operations = operationsTo(entries, this.#published.get(name) ?? none, lease);
      return { name, entries, operations };
    });
    const changed = news.filter(({ operations }) => operations.length > 0);
    for (const batch of inBatches(changed, ({ operations }) => operations)) await this.#write(batch);
  }

  async #write(news: readonly News[]): Promise<void> {
    const success = news.flatMap(({ operations }) => operations);
    const transaction = { compare: this.#membership, success };
    const { succeeded, revision } = await this.#store.transact(transaction).catch((error: unknown) => {
      this.#doubt(news);
      throw error;
    });
    if (!succeeded) {
      this.#lease = undefined;
      throw new Error(`${machineKey(this.#machine.id)} has changed; the units' states are told again`);
    }
    for (const { name, entries, operations } of news) {
      const state = this.#statusKey(name);
      if (entries.size === 0) this.#published.delete(name);
      else this.#published.set(name, entries);
      if (!entries.has(state)) this.#revisions.delete(name);
      else if (operations.some((one) => 'put' in one && one.put === state))
        this.#revisions.set(name, revision);
    }
  }

  /** A write without an answer may have been done: none of its keys is as anybody knows, each is written or deleted anew. */
  #doubt(news: readonly News[]): void {
    for (const { name, entries } of news) {
      const keys = [...(this.#published.get(name) ?? none).keys(), ...entries.keys()];
      this.#published.set(name, new Map(keys.map((key) => [key, ''])));
    }
  }

  /** What others are told that this machine offers, under the lease that was used last. */
  get registrations(): readonly Registration[] {
    const prefix = servicePrefix(this.#machine.id);
    const entries = [...this.#published.values()].flatMap((told) => [...told]);
    return entries.flatMap(([key, value]) => {
      const parsed = key.startsWith(prefix) ? parseRegistration(key, value) : undefined;
      return parsed && 'value' in parsed ? parsed.value : [];
    });
  }

  /** The store's revision of what was last said of the unit's state under `lease`; undefined when nothing was. */
  revisionOf(unit: string, lease: Lease): bigint | undefined {
    return lease === this.#lease ? this.#revisions.get(unit) : undefined;
  }

  /** What an earlier lease left behind is taken over or deleted by the next write. */
  async #adopt(lease: Lease): Promise<void> {
    const { id } = this.#machine;
    const machine = await this.#store.list(machineKey(id));
    this.#membership = machine.keys.map(({ key, modRevision }) => ({ key, modRevision }));
    const lists = await Promise.all([statusPrefix(id), servicePrefix(id)].map((it) => this.#store.list(it)));
    const found = new Map<string, Map<string, string>>();
    for (const { key } of lists.flatMap(({ keys }) => keys)) {
      const unit = key.slice(key.lastIndexOf('/') + 1);
      found.set(unit, (found.get(unit) ?? new Map()).set(key, ''));
    }
    this.#published = new Map(found);
    this.#revisions = new Map();
    this.#lease = lease;
  }

  #entriesOf(unit: ManagedUnit, { remarksOn, offerOf }: Knowledge): Entries {
    const status = { ...this.#statusOf(unit), ...remarksOn(unit.name) };
    const { services, sure } = offerOf(unit, status);
    const told = this.#published.get(unit.name) ?? none;
    const offers = services.map((service) => this.#registration(unit.name, service));
    return new Map([
      [this.#statusKey(unit.name), encodeStatus(status)],
      ...offers.filter(([key]) => sure || told.has(key)),
    ]);
  }

  #registration(unit: string, { name: service, ...offered }: OfferedService): [key: string, value: string] {
    const { id: machineId, name: machine, address } = this.#machine;
    const value = encodeRegistration({ service, unit, machineId, machine, address, ...offered });
    return [serviceKey(machineId, service, unit), value];
  }

  #statusOf(unit: ManagedUnit): UnitStatus {
    const { name, hash, load, active, sub, started } = unit;
    const failure = this.#lastWords.of(unit);
    const status = { unit: name, machineId: this.#machine.id, load, active, sub, hash, started };
    return { ...status, ...(failure && { failure }) };
  }

  #statusKey(unit: string): string {
    return statusKey(this.#machine.id, unit);
  }
}

function operationsTo(wanted: Entries, told: Entries, lease: Lease): Operation[] {
  const gone = [...told.keys()].filter((key) => !wanted.has(key));
  const changed = [...wanted].filter(([key, value]) => told.get(key) !== value);
  return [
    ...gone.map((key) => ({ delete: key })),
    ...changed.map(([put, value]) => ({ put, value, lease: lease.id })),
  ];
}
