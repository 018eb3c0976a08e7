import { createHash } from 'node:crypto';
import type { SystemdState } from '../model/status.ts';
import type { ManagedUnit, Systemd } from './systemd.ts';

interface FakeUnit extends SystemdState {
  readonly contents: string;
  readonly result: string;
  readonly started: boolean;
}

const dead = { active: 'inactive', sub: 'dead', result: 'success' };

/** What starting a unit leads to, by a word in its file: `Type=oneshot` finishes, `false` as command fails. */
const outcomes: readonly [sign: string, state: Pick<FakeUnit, 'active' | 'sub' | 'result'>][] = [
  ['ExecStart=/bin/false', { active: 'failed', sub: 'failed', result: 'exit-code' }],
  ['Type=oneshot', dead],
  ['', { active: 'active', sub: 'running', result: 'success' }],
];

/** systemd as far as the agent sees it. It outlives the agents a test starts and ends on its machine. */
export class FakeSystemd implements Systemd {
  /** Every call that changes something, as `start a.service b.service`. */
  readonly calls: string[] = [];
  /** Units that systemd will not start, whatever their file says. */
  readonly refused = new Set<string>();
  readonly #units = new Map<string, FakeUnit>();
  readonly #listeners = new Set<(error?: Error) => void>();

  async list(): Promise<readonly ManagedUnit[]> {
    return [...this.#units].map(([name, { contents, ...state }]) => ({
      name,
      hash: createHash('sha256').update(contents).digest('hex'),
      ...state,
    }));
  }

  async install(
    write: readonly { name: string; contents: string }[],
    remove: readonly string[],
  ): Promise<void> {
    this.calls.push(`install ${write.map(({ name }) => name).join(' ')} remove ${remove.join(' ')}`.trim());
    for (const { name, contents } of write) {
      const old = this.#units.get(name) ?? dead;
      // systemd refuses a service that has nothing to execute.
      const empty = name.endsWith('.service') && !/^Exec/m.test(contents);
      const load = empty ? 'bad-setting' : 'loaded';
      this.#units.set(name, { ...old, load, contents, started: false });
    }
    for (const name of remove) this.#units.delete(name);
    this.#changed();
  }

  async start(names: readonly string[]): Promise<void> {
    this.calls.push(`start ${names.join(' ')}`);
    const bad = names.filter((name) => this.refused.has(name) || this.#units.get(name)?.load !== 'loaded');
    for (const name of names.filter((one) => !bad.includes(one))) {
      const unit = this.#get(name);
      const outcome = outcomes.find(([sign]) => unit.contents.includes(sign));
      const running = unit.active === 'active' ? {} : outcome?.[1];
      this.#units.set(name, { ...unit, ...running, started: true });
    }
    this.#changed();
    if (bad.length > 0) throw new Error(`Unit ${bad.join(', ')} has a bad unit file setting.`);
  }

  async stop(names: readonly string[]): Promise<void> {
    this.calls.push(`stop ${names.join(' ')}`);
    for (const name of names) this.#units.set(name, { ...this.#get(name), ...dead, started: false });
    this.#changed();
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
    this.#units.set(name, { ...this.#get(name), active: 'failed', sub: 'failed', result: 'exit-code' });
    this.#changed();
  }

  /** The connection breaks; the next call finds a new one. */
  lose(): void {
    for (const listener of [...this.#listeners]) listener(new Error('the connection to systemd is lost'));
  }

  /** The machine starts again: /run is empty. */
  reboot(): void {
    this.#units.clear();
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
