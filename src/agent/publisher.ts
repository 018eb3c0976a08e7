import type { UnitStatus } from '../model/status.ts';
import { encodeStatus, statusKey, statusPrefix } from '../store/keys.ts';
import type { Lease, Operation, Store } from '../store/store.ts';
import type { ManagedUnit, Systemd } from './systemd.ts';

/** Lines of a failed unit's journal that are kept with its status. */
const journalLines = 10;

/** Keeps `/flotilla/states/<machine id>/` like the machine's units, writing only what changed. */
export class Publisher {
  readonly #store: Store;
  readonly #systemd: Systemd;
  readonly #machineId: string;
  #lease: Lease | undefined;
  /** What the store has, by unit, under the lease above. */
  #published = new Map<string, string>();
  #failures = new Map<string, { readonly cause: string; readonly failure: UnitStatus['failure'] }>();

  constructor(store: Store, systemd: Systemd, machineId: string) {
    this.#store = store;
    this.#systemd = systemd;
    this.#machineId = machineId;
  }

  /** Writes what is not yet written under `lease`; a new lease gets everything. Rejects as the store does. */
  async publish(units: readonly ManagedUnit[], lease: Lease): Promise<void> {
    if (lease !== this.#lease) await this.#adopt(lease);
    const wanted = new Map<string, string>();
    for (const unit of units) wanted.set(unit.name, encodeStatus(await this.#statusOf(unit)));
    const gone = [...this.#published.keys()].filter((name) => !wanted.has(name));
    const changed = [...wanted].filter(([name, value]) => this.#published.get(name) !== value);
    const success: Operation[] = [
      ...gone.map((name) => ({ delete: this.#key(name) })),
      ...changed.map(([name, value]) => ({ put: this.#key(name), value, lease: lease.id })),
    ];
    if (success.length === 0) return;
    await this.#store.transact({ compare: [], success });
    this.#published = wanted;
  }

  /** What an earlier lease left behind is taken over or deleted by the next write. */
  async #adopt(lease: Lease): Promise<void> {
    const prefix = statusPrefix(this.#machineId);
    const { keys } = await this.#store.list(prefix);
    this.#published = new Map(keys.map(({ key }) => [key.slice(prefix.length), '']));
    this.#lease = lease;
  }

  async #statusOf({ name, hash, load, active, sub, result }: ManagedUnit): Promise<UnitStatus> {
    const status = { unit: name, machineId: this.#machineId, load, active, sub, hash };
    if (active !== 'failed') {
      this.#failures.delete(name);
      return status;
    }
    // The journal is read once per failure, not at every look.
    const cause = `${result} ${hash}`;
    const known = this.#failures.get(name);
    if (known?.cause === cause && known.failure) return { ...status, failure: known.failure };
    const failure = { result, journal: await this.#systemd.journal(name, journalLines) };
    this.#failures.set(name, { cause, failure });
    return { ...status, failure };
  }

  #key(unit: string): string {
    return statusKey(this.#machineId, unit);
  }
}
