import type { Placement } from '../../model/placement.ts';
import type { Reason } from '../../model/reason.ts';
import type { Lease } from '../../store/store.ts';
import type { UnitNeeds } from '../../unit/needs.ts';
import type { MachineImages } from '../image/machine-images.ts';
import type { ManagedUnit, Systemd } from '../systemd/systemd.ts';
import type { Certificates } from './certificates.ts';
import { Executor, type Problems, unitsOf } from './executor.ts';
import { Fencing } from './fencing.ts';
import { KnownNeeds } from './known-needs.ts';
import { reconcile, type UnitAction } from './reconcile.ts';
import { Retries } from './retries.ts';
import type { Templates } from './templates.ts';
import { Waits, type WaitsOptions } from './waits.ts';

/** What the engine wants here. */
export interface Desired {
  readonly placements: readonly Placement[];
  /** Units whose placement can't be read. */
  readonly unclear: ReadonlySet<string>;
}

export interface UnitWorkOptions extends Omit<WaitsOptions, 'unwritten' | 'lacking'> {
  readonly systemd: Systemd;
  readonly templates: Templates;
  readonly images: MachineImages;
  /** Which of the units that leave have to run on for now, and until when on the clock. */
  readonly held: (units: readonly ManagedUnit[], desired: Desired) => ReadonlyMap<string, number>;
  readonly certificates: Certificates;
}

type Needs = Map<string, UnitNeeds>;

/** Brings this machine's units nearer to what the engine decided, one pass after the other. */
export class UnitWork {
  readonly #options: UnitWorkOptions;
  readonly #executor: Executor;
  readonly #waits: Waits;
  readonly #fencing: Fencing;
  readonly #retries = new Retries();
  readonly #known = new KnownNeeds();
  #desired: ReadonlyMap<string, Placement> = new Map();
  /** Units that are being stopped, with what the files they were started from asked for. */
  readonly #stopping: Needs = new Map();
  /** Units that shall be stopped and run on for now. */
  #held: ReadonlyMap<string, number> = new Map();
  #announced: ReadonlySet<string> = new Set();

  constructor(options: UnitWorkOptions) {
    const { store, systemd, templates, certificates } = options;
    this.#options = options;
    const onStopped = (unit: string, problem?: string) => this.#stopped(unit, problem);
    this.#executor = new Executor({ store, systemd, onStopped });
    const unwritten = (unit: string) => templates.waitOf(unit) ?? certificates.waitOf(unit);
    const lacking = (needs: UnitNeeds) => options.images.waitOf(needs);
    this.#waits = new Waits({ ...options, unwritten, lacking });
    this.#fencing = new Fencing(options);
  }

  /** Whether nothing waits for being tried again. */
  get isWell(): boolean {
    return this.#retries.next(this.#options.clock.now(), this.#stopping) === Number.POSITIVE_INFINITY;
  }

  needsOf(unit: string, contents: string): UnitNeeds {
    return this.#known.of(unit, contents);
  }

  /** Why the unit is not started yet, though it shall be. */
  waitOf(unit: string): Reason | undefined {
    return this.#waits.reasonOf(unit);
  }

  /** Milliseconds until there may be something to do though nothing is heard. */
  nextLook(): number {
    const now = this.#options.clock.now();
    const ends = [this.#waits.nextEnd, ...this.#held.values()].map((end) => end - now);
    return Math.max(Math.min(this.#retries.next(now, this.#stopping), ...ends), 0);
  }

  /** Fenced units run by this lease from now on, and are stopped as soon as it is lost, whatever else goes on. */
  attach(lease: Lease): void {
    // What fails here is tried again by the next pass, and the guard does not wait for it.
    this.#fencing.attach(lease, () => void this.#fence().catch(() => undefined));
  }

  /** Units stay as they are. */
  end(): void {
    this.#waits.end();
    this.#fencing.end();
  }

  /**
   * Does what can be done now. Answers the units as they were before, whether something was done to them, and what
   * went wrong. Rejects when systemd can't be asked.
   */
  async advance(
    desired: Desired,
  ): Promise<{ units: readonly ManagedUnit[]; changed: boolean; problems: Reason[] }> {
    const { clock, held } = this.#options;
    const { placements, unclear } = desired;
    this.#desired = new Map(placements.map((placement) => [placement.unit, placement]));
    const units = await this.#fence();
    const needs = this.#needsOf(units);
    this.#held = held(units, desired);
    const resting = this.#retries.resting((unit) => this.#wantedOf(unit), clock.now());
    const fenced = this.#fencing.untouched(needs);
    const keep = new Set([...unclear, ...resting, ...fenced, ...this.#stopping.keys(), ...this.#held.keys()]);
    const actions = reconcile(placements, units, keep);
    this.#retries.keep(new Set([...resting, ...this.#stopping.keys(), ...actions.map(({ unit }) => unit)]));
    const { done, problems } = await this.#perform(actions, units, needs);
    for (const { unit } of actions) {
      if (problems.has(unit)) this.#retries.failed(unit, this.#wantedOf(unit), clock.now());
      else if (!this.#stopping.has(unit)) this.#retries.succeeded(unit);
    }
    return { units, changed: done, problems: [...problems].map(sayProblem) };
  }

  /** Fenced units run as long as the lease lasts and are stopped without it. Answers the units before that. */
  async #fence(): Promise<readonly ManagedUnit[]> {
    const { systemd, clock } = this.#options;
    const units = await systemd.list();
    const needs = this.#needsOf(units);
    const off = await this.#fencing.overdue(units, needs);
    const resting = this.#retries.resting((unit) => this.#wantedOf(unit), clock.now());
    const stops = off.filter(({ unit }) => !this.#stopping.has(unit) && !resting.has(unit));
    this.#stopUnasked(stops, needs);
    return units;
  }

  async #perform(
    all: readonly UnitAction[],
    units: readonly ManagedUnit[],
    needs: Needs,
  ): Promise<{ done: boolean; problems: Problems }> {
    const stops = new Set(unitsOf('stop', all));
    const installs = new Set(unitsOf('install', all));
    const { files, problems } = await this.#executor.fetch(
      [...this.#desired.values()].filter(({ unit }) => installs.has(unit)),
    );
    // What is to be stopped first comes to its other actions with a later pass.
    const actions = all.filter(
      ({ unit, type }) => !problems.has(unit) && (type === 'stop' || !stops.has(unit)),
    );
    this.#stop(unitsOf('stop', actions), needs);
    for (const unit of unitsOf('install', actions))
      needs.set(unit, this.#known.of(unit, files.get(unit) ?? ''));
    this.#followFiles(actions, units, files);
    this.#options.images.follow(needs.values());
    await this.#fencing.hold(needs);
    const starts = unitsOf('start', actions);
    const claimed = (some: readonly string[]) => this.#waits.claimedElsewhere(some);
    await this.#options.images.look(starts.flatMap((unit) => needs.get(unit) ?? []));
    const vouched = await this.#fencing.vouchers(starts, needs, claimed);
    const lease = this.#fencing.lease;
    this.#waits.look(starts, { lease, needs, stopping: this.#going(needs), vouched });
    const now = actions.filter(({ type, unit }) => type !== 'start' || this.waitOf(unit) === undefined);
    this.#announce(now);
    await this.#install(now, files, needs, problems);
    await this.#start(unitsOf('start', now), needs, problems);
    return { done: now.length > 0, problems };
  }

  /** What is being stopped, and what will be: neither makes room yet. */
  #going(needs: Needs): Needs {
    const held = [...needs].filter(([unit]) => this.#held.has(unit));
    return new Map([...this.#stopping, ...held]);
  }

  /** Templates and certificates. Of a unit that is stopped first, to be changed, the old ones count until it is down. */
  #followFiles(
    actions: readonly UnitAction[],
    units: readonly ManagedUnit[],
    files: ReadonlyMap<string, string>,
  ): void {
    const installs = unitsOf('install', actions);
    const changing = new Set([...installs, ...unitsOf('remove', actions)]);
    const coming = installs.map((name) => ({ name, contents: files.get(name) ?? '', started: false }));
    const all = [...units.filter(({ name }) => !changing.has(name)), ...coming];
    this.#options.templates.follow(all);
    const needed = all.map((unit) => ({ ...unit, needs: this.#known.of(unit.name, unit.contents) }));
    this.#options.certificates.follow(needed);
  }

  /** What the engine did not ask for is always said. */
  #stopUnasked(stops: readonly UnitAction[], needs: Needs): void {
    for (const { unit, reason } of stops) this.#options.log(`stop ${unit}: ${reason}`);
    this.#stop(unitsOf('stop', stops), needs);
  }

  #stop(units: readonly string[], needs: Needs): void {
    for (const unit of units) {
      const its = needs.get(unit);
      if (its) this.#stopping.set(unit, its);
    }
    this.#executor.stop(units);
  }

  #stopped(unit: string, problem: string | undefined): void {
    const { clock, log, onChange } = this.#options;
    this.#stopping.delete(unit);
    if (problem !== undefined) {
      log(`will try again: ${sayProblem([unit, problem])}`);
      this.#retries.failed(unit, this.#wantedOf(unit), clock.now());
    }
    onChange();
  }

  async #install(
    actions: readonly UnitAction[],
    files: ReadonlyMap<string, string>,
    needs: Needs,
    problems: Problems,
  ): Promise<void> {
    const write = unitsOf('install', actions).map((name) => ({
      name,
      contents: files.get(name) ?? '',
      fenced: needs.get(name)?.flotilla.fence === 'stop',
    }));
    add(problems, await this.#executor.install(write, unitsOf('remove', actions)));
  }

  async #start(units: readonly string[], needs: Needs, problems: Problems): Promise<void> {
    const starts = units.filter((unit) => !problems.has(unit));
    const allowed = await this.#fencing.allowed(starts, needs, problems);
    this.#options.templates.starting(allowed);
    this.#options.certificates.starting(allowed);
    add(problems, await this.#executor.start(allowed));
    this.#stopUnasked(this.#fencing.late(allowed, needs), needs);
  }

  #needsOf(units: readonly ManagedUnit[]): Needs {
    this.#known.keep(new Set(units.map(({ name }) => name)));
    return new Map(units.map(({ name, contents }) => [name, this.#known.of(name, contents)]));
  }

  /** What is wanted of a unit, as a word to compare. */
  #wantedOf(unit: string): string {
    const { hash, targetState } = this.#desired.get(unit) ?? { hash: '', targetState: '' };
    return `${targetState} ${hash}`;
  }

  /** What is tried again for the same reasons is not said again. */
  #announce(actions: readonly UnitAction[]): void {
    const lines = actions.map(({ type, unit, reason }) => `${type} ${unit}: ${reason}`);
    for (const line of lines) if (!this.#announced.has(line)) this.#options.log(line);
    this.#announced = new Set(lines);
  }
}

function add(problems: Problems, more: Problems): void {
  for (const [unit, problem] of more) problems.set(unit, problem);
}

/** Most problems name their unit, and some only one whose name ends in the same way. */
function sayProblem([unit, problem]: readonly [string, string]): string {
  const before = problem.split(unit).slice(0, -1);
  return before.some((text) => !/[\w:.\\@-]$/.test(text)) ? problem : `${unit}: ${problem}`;
}
