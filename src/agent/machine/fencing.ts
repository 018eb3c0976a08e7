import { messageOf } from '../../model/message-of.ts';
import { findKey } from '../../store/find-key.ts';
import { leavingKey, parsePlacement, placementKey, prefixes } from '../../store/keys.ts';
import type { Lease, Store } from '../../store/store.ts';
import type { UnitNeeds } from '../../unit/needs.ts';
import type { ManagedUnit } from '../systemd/systemd.ts';
import type { Problems } from './executor.ts';
import { fencedUnits, fenceOff, membershipOf } from './fence.ts';
import { Guard, type GuardOptions } from './guard.ts';
import type { UnitAction } from './reconcile.ts';
import type { Circumstances } from './start-rules.ts';

export interface FencingOptions extends GuardOptions {
  readonly store: Store;
  readonly machineId: string;
}

type Needs = ReadonlyMap<string, UnitNeeds>;

/** Sees to it that units with `Fence=stop` run by this machine's lease alone, and nowhere twice. */
export class Fencing {
  readonly #options: FencingOptions;
  readonly #guard: Guard;
  #lease: Lease | undefined;

  constructor(options: FencingOptions) {
    this.#options = options;
    this.#guard = new Guard(options);
  }

  get lease(): Lease | undefined {
    return this.#lease;
  }

  get #isMember(): boolean {
    return membershipOf(this.#lease, this.#options.clock.now()) === 'member';
  }

  /** Fenced units run by this lease from now on; `onChange` is called now, and when it is lost before another came. */
  attach(lease: Lease, onChange: () => void): void {
    this.#lease = lease;
    const change = () => {
      if (this.#lease === lease) onChange();
    };
    lease.lost.addEventListener('abort', change, { once: true });
    change();
  }

  /** Units stay as they are, for as long as the guard was told. */
  end(): void {
    this.#lease = undefined;
    this.#guard.end();
  }

  /** What is to be stopped at once, since the lease is lost. As long as it is not, the guard is told of it. */
  async overdue(units: readonly ManagedUnit[], needs: Needs): Promise<UnitAction[]> {
    const { clock } = this.#options;
    const fenced = fencedUnits(needs);
    if (fenced.length > 0) await this.#guard.hold(this.#lease);
    return fenceOff(units, new Set(fenced), membershipOf(this.#lease, clock.now()));
  }

  /** Units that are left as they are while this machine is no member. */
  untouched(needs: Needs): string[] {
    return this.#isMember ? [] : fencedUnits(needs);
  }

  /** The guard hears of the lease for as long as one of these units is fenced. */
  async hold(needs: Needs): Promise<void> {
    await this.#guard.hold(fencedUnits(needs).length > 0 ? this.#lease : undefined);
  }

  /**
   * Who is believed to run one of those that shall be started. The store is asked only when `claimed` says that
   * another machine says anything of them; while it can't be, everybody is believed.
   */
  async vouchers(
    starts: readonly string[],
    needs: Needs,
    claimed: (units: readonly string[]) => boolean,
  ): Promise<Circumstances['vouched']> {
    const fenced = new Set(fencedUnits(needs));
    if (!claimed(starts.filter((unit) => fenced.has(unit)))) return () => true;
    const leaving = await this.#leaving().catch(() => undefined);
    return (machineId, unit) => leaving?.has(leavingKey(machineId, unit)) ?? true;
  }

  /** The last look before a start: all of these units but the fenced ones that may not be started. */
  async allowed(starts: readonly string[], needs: Needs, problems: Problems): Promise<string[]> {
    const fenced = new Set(fencedUnits(needs));
    const allowed: string[] = [];
    for (const unit of starts) {
      if (!fenced.has(unit) || (await this.#mayStart(unit, problems))) allowed.push(unit);
    }
    return allowed;
  }

  /** What was started and must be stopped: the lease may have ended meanwhile, and the guard's word been the last. */
  late(started: readonly string[], needs: Needs): UnitAction[] {
    if (this.#isMember) return [];
    const fenced = new Set(fencedUnits(needs));
    const reason = 'the lease was lost while it was started, and the unit has Fence=stop';
    return started.flatMap((unit) => (fenced.has(unit) ? { type: 'stop', unit, reason } : []));
  }

  async #mayStart(unit: string, problems: Problems): Promise<boolean> {
    try {
      if (this.#guard.holds) return await this.#isWanted(unit);
      problems.set(unit, 'the guard of fenced units does not know of the lease');
    } catch (error) {
      problems.set(unit, messageOf(error));
    }
    return false;
  }

  /**
   * Whether the engine wants the unit here at this moment. What a watch has told may be old, above all after this
   * machine was cut off.
   */
  async #isWanted(unit: string): Promise<boolean> {
    const { store, machineId } = this.#options;
    const key = placementKey(machineId, unit);
    const found = await findKey(store, key);
    const parsed = found && parsePlacement(key, found.value);
    return parsed !== undefined && 'value' in parsed && parsed.value.targetState === 'launched';
  }

  /**
   * Keys of the units that machines may still run though the engine took them away. Whoever has the placement of one
   * finds there all who had it before.
   */
  async #leaving(): Promise<ReadonlySet<string>> {
    const { keys } = await this.#options.store.list(prefixes.leaving);
    return new Set(keys.map(({ key }) => key));
  }
}
