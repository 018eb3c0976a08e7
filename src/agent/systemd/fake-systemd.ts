import { isDown } from '../../model/readiness.ts';
import { type Clock, sleep, systemClock } from '../../store/clock.ts';
import { hashOf } from '../../unit/hash.ts';
import { FakeEnabling } from './fake-enabling.ts';
import { halfWritten, type ManagedUnit, type NewUnit, type Systemd, UnitFailures } from './systemd.ts';

type FakeUnit = Omit<ManagedUnit, 'name' | 'hash'> & {
  readonly fenced: boolean;
  /** Its file is not that of any version. */
  readonly half: boolean;
};
type Outcome = Pick<FakeUnit, 'active' | 'sub' | 'result'>;

const dead: Outcome = { active: 'inactive', sub: 'dead', result: 'success' };

/** What starting a unit leads to, by a word in its file: `Type=oneshot` finishes, `false` as command fails. */
const outcomes: readonly [sign: string, state: Outcome][] = [
  ['ExecStart=/bin/false', { active: 'failed', sub: 'failed', result: 'exit-code' }],
  ['RemainAfterExit=yes', { active: 'active', sub: 'exited', result: 'success' }],
  ['Type=oneshot', dead],
];

/** The sub state of an active unit, by its type. */
const activeSub: Readonly<Record<string, string>> = {
  ...{ service: 'running', socket: 'listening', timer: 'waiting', path: 'waiting', mount: 'mounted' },
  ...{ automount: 'waiting', slice: 'active', target: 'active', swap: 'active' },
};

/** systemd as far as the agent sees it. It outlives the agents a test starts and ends on its machine. */
export class FakeSystemd implements Systemd {
  /** Every call that changes something, as `start a.service b.service`. */
  readonly calls: string[] = [];
  /** Units that systemd will not start, whatever their file says. */
  readonly refused = new Set<string>();
  /** Milliseconds that stopping a unit takes; others are down at once. */
  readonly slow = new Map<string, number>();
  readonly #clock: Clock;
  readonly #units = new Map<string, FakeUnit>();
  readonly #enabling = new FakeEnabling();
  readonly #listeners = new Set<(error?: Error) => void>();
  /** Whether fenced units may be started, and the guard's timer. */
  #open = false;
  #cancelGuard = () => {};

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  async list(): Promise<readonly ManagedUnit[]> {
    return [...this.#units].map(([name, { fenced: _, half, ...unit }]) => ({
      name,
      hash: half ? halfWritten : hashOf(unit.contents),
      ...unit,
    }));
  }

  async install(write: readonly NewUnit[], remove: readonly string[]): Promise<void> {
    this.calls.push(`install ${write.map(({ name }) => name).join(' ')} remove ${remove.join(' ')}`.trim());
    this.#enabling.disable([...write.map(({ name }) => name), ...remove]);
    const refused = new Map<string, string>();
    const units = write.filter(({ name }) => {
      const owner = this.#enabling.ownerOf(name);
      if (owner !== undefined) refused.set(name, `${name} is an alias of ${owner}.`);
      return owner === undefined;
    });
    for (const unit of units) this.#put(unit);
    for (const name of remove) this.#units.delete(name);
    for (const { name, contents } of units) {
      const why = this.#enabling.enable(name, contents, new Set(this.#units.keys()));
      if (why === undefined) continue;
      refused.set(name, why);
      this.#set(name, { contents: '', half: true });
    }
    this.#changed();
    if (refused.size > 0) throw new UnitFailures(refused);
  }

  async start(names: readonly string[]): Promise<void> {
    this.calls.push(`start ${names.join(' ')}`);
    const bad = names.filter((name) => this.refused.has(name) || this.#units.get(name)?.load !== 'loaded');
    for (const name of names.filter((one) => !bad.includes(one))) {
      this.#bring(name);
      this.#units.set(name, { ...this.#get(name), started: true });
    }
    this.#changed();
    const why = (name: string) => `Unit ${name} has a bad unit file setting.`;
    if (bad.length > 0) throw new UnitFailures(new Map(bad.map((name) => [name, why(name)])));
  }

  async stop(names: readonly string[]): Promise<void> {
    this.calls.push(`stop ${names.join(' ')}`);
    await Promise.all(names.map((name) => this.#stop(name)));
  }

  async reload(names: readonly string[]): Promise<void> {
    this.calls.push(`reload ${names.join(' ')}`);
    const bad = names.filter((name) => this.refused.has(name));
    if (bad.length > 0)
      throw new UnitFailures(new Map(bad.map((name) => [name, 'its job ended with failed'])));
  }

  async guard(remaining: () => number): Promise<void> {
    this.#cancelGuard();
    this.#open = true;
    this.#cancelGuard = this.#clock.after(remaining(), () => this.#fence());
  }

  async journal(name: string, lines: number): Promise<readonly string[]> {
    return [`Starting ${name}...`, `${name}: ${this.#get(name).result}`].slice(-lines);
  }

  async *changes(signal: AbortSignal): AsyncIterable<void> {
    while (!signal.aborted) {
      await new Promise<void>((resolve, reject) => {
        const done = (error?: Error) => {
          this.#listeners.delete(done);
          signal.removeEventListener('abort', stop);
          if (error) reject(error);
          else resolve();
        };
        const stop = () => done();
        this.#listeners.add(done);
        signal.addEventListener('abort', stop, { once: true });
      });
      if (!signal.aborted) yield;
    }
  }

  /** The unit's process dies and nothing restarts it. */
  crash(name: string): void {
    this.#set(name, { active: 'failed', sub: 'failed', result: 'exit-code' });
  }

  /** The unit's process dies, and `Restart=` is about to start it again; see `restart`. */
  crashToRestart(name: string): void {
    this.#set(name, { active: 'activating', sub: 'auto-restart', result: 'exit-code' });
  }

  /** Starts it again. */
  restart(name: string): void {
    this.#set(name, { ...running(name), result: 'success' });
  }

  /** The connection breaks; the next call finds a new one. */
  lose(): void {
    for (const listener of [...this.#listeners]) listener(new Error('the connection to systemd is lost'));
  }

  /** The machine starts again: /run is empty. */
  reboot(): void {
    this.#cancelGuard();
    this.#open = false;
    this.#units.clear();
    this.#enabling.clear();
    this.#changed();
  }

  #put({ name, contents, fenced = false }: NewUnit): void {
    const old = this.#units.get(name) ?? dead;
    // systemd refuses a service that has nothing to execute.
    const empty = name.endsWith('.service') && !/^Exec/m.test(contents);
    const load = empty ? 'bad-setting' : 'loaded';
    this.#units.set(name, { ...old, load, contents, fenced, half: false, started: false });
  }

  /** With what the `[Install]` sections of others say. */
  #bring(name: string, seen: ReadonlySet<string> = new Set()): void {
    const unit = this.#units.get(name);
    if (seen.has(name) || unit?.load !== 'loaded' || unit.active === 'active' || (unit.fenced && !this.#open))
      return;
    const outcome = outcomes.find(([sign]) => unit.contents.includes(sign))?.[1] ?? running(name);
    this.#units.set(name, { ...unit, ...outcome });
    for (const other of this.#enabling.wantedBy(name)) this.#bring(other, new Set([...seen, name]));
  }

  async #stop(name: string): Promise<void> {
    const takes = this.slow.get(name) ?? 0;
    if (takes > 0 && !isDown(this.#get(name))) {
      this.#set(name, { active: 'deactivating', sub: 'stop-sigterm' });
      await sleep(this.#clock, takes);
    }
    // It may have been taken away or killed meanwhile.
    if (this.#units.has(name)) this.#set(name, { ...dead, started: false });
  }

  /** The guard's deadline is over: what runs is killed at once, the time for a clean stop left out. */
  #fence(): void {
    this.#open = false;
    for (const [name, unit] of this.#units) {
      if (unit.fenced && !isDown(unit)) this.#set(name, { ...dead, started: false });
    }
  }

  #set(name: string, more: Partial<FakeUnit>): void {
    this.#units.set(name, { ...this.#get(name), ...more });
    this.#changed();
  }

  #get(name: string): FakeUnit {
    const unit = this.#units.get(name);
    if (!unit) throw new Error(`Unit ${name} not found.`);
    return unit;
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

function running(name: string): Outcome {
  const type = name.slice(name.lastIndexOf('.') + 1);
  return { active: 'active', sub: activeSub[type] ?? 'active', result: 'success' };
}
