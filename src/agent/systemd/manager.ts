import { EventEmitter, on } from 'node:events';
import * as z from 'zod';
import { isDown } from '../../model/readiness.ts';
import type { SystemdState } from '../../model/status.ts';
import { Bus, BusError } from './bus.ts';
import type { Run } from './journal.ts';
import { MatchRules } from './match-rules.ts';
import type { Order } from './start-order.ts';
import { unitPath } from './unit-path.ts';

const service = 'org.freedesktop.systemd1';
const path = '/org/freedesktop/systemd1';
const properties = 'org.freedesktop.DBus.Properties';

const reloading = `interface='${service}.Manager',member='Reloading'`;

const changed = `interface='${properties}',member='PropertiesChanged',arg0='${service}.Unit'`;
const ofUnits = {
  narrow: (unit: string) => `${changed},path='${unitPath(unit)}'`,
  broad: `${changed},path_namespace='${path}/unit'`,
};

const removed = `interface='${service}.Manager',member='JobRemoved'`;
const ofStops = { narrow: (unit: string) => `${removed},arg2='${unit}'`, broad: removed };

/** Seconds for a job that is waited for: more than a unit's own `TimeoutStopSec=` should be. */
const jobWithin = 600;

/** Jobs that are waited for, and what becomes of another one of the unit that is queued. */
const jobs = {
  stop: { member: 'StopUnit', mode: 'replace' },
  reload: { member: 'ReloadOrTryRestartUnit', mode: 'fail' },
} as const;

const text = z.string();
/** Name, description, load, active and sub state, followed unit, path; then the job's id, type and path. */
const rows = z.array(z.tuple([text, text, text, text, text, text, text, z.number(), text, text]));
/** What one answer says of a unit, among 300 other properties of it. */
const outcome = z.object({ LoadState: text, ActiveState: text, SubState: text, Result: text });
/** The job's id and path, unit, result. */
const jobRemoved = z.tuple([z.number(), text, text, text]);

export interface Outcome extends SystemdState {
  /** systemd's word for how the last run ended: `success`, `exit-code`, `signal`, … */
  readonly result: string;
}

export type OnChange = (path?: string, properties?: unknown) => void;

/**
 * The calls to systemd's manager that the agent makes (org.freedesktop.systemd1(5)), on one connection. Every container
 * and every session of the machine is a unit as well, so systemd's signals are asked for unit by unit.
 */
export class Manager {
  readonly #bus: Bus;
  /** Emits by unit what its jobs ended with. */
  readonly #jobs: EventEmitter;
  readonly #units: MatchRules;
  readonly #stops: MatchRules;

  private constructor(bus: Bus, jobs: EventEmitter) {
    this.#bus = bus;
    this.#jobs = jobs;
    this.#units = new MatchRules({ bus, ...ofUnits });
    this.#stops = new MatchRules({ bus, ...ofStops });
  }

  /**
   * `onChange` hears the path of each unit that may have become another, and the properties that systemd tells of it; of
   * others than those that are followed too when they are many; no path when it may be all of them.
   */
  static async connect(socket: string, onChange: OnChange): Promise<Manager> {
    // Each unit that is being stopped listens for errors too.
    const jobs = new EventEmitter().setMaxListeners(0);
    const bus = await Bus.connect(socket, ({ path, member, body }) => {
      if (member === 'JobRemoved') jobs.emit(`${body[2]}`, body);
      else if (member === 'PropertiesChanged') onChange(path, body[1]);
      else if (body[0] === false) onChange();
    });
    const manager = new Manager(bus, jobs);
    try {
      await Promise.all([bus.match(reloading), manager.#call('Subscribe')]);
      return manager;
    } catch (error) {
      bus.close();
      throw error;
    }
  }

  /** What these become from now on is heard. */
  follow(units: readonly string[]): Promise<void> {
    return this.#units.add(units);
  }

  unfollow(units: readonly string[]): Promise<void> {
    return this.#units.remove(units);
  }

  /** Aborts when the connection is gone; its reason says why. */
  get lost(): AbortSignal {
    return this.#bus.lost;
  }

  close(): void {
    this.#bus.close();
  }

  /** Of each unit in turn; reads those that are not in memory from disk. */
  async list(units: readonly string[]): Promise<SystemdState[]> {
    return statesIn(await this.#call('ListUnitsByNames', 'as', [units]));
  }

  /**
   * Whether the unit is up, is about to be started, or has been up since then (microseconds of the monotonic clock), as
   * far as systemd remembers: it forgets a unit that is down and that nothing refers to.
   */
  async isUpSince(unit: string, since: number): Promise<boolean> {
    const properties = ['ActiveState', 'Job', 'InactiveExitTimestampMonotonic'];
    const [active, job, left] = await Promise.all(properties.map((one) => this.get(unit, 'Unit', one)));
    const [queued] = z.tuple([z.number(), text]).parse(job);
    return !isDown({ active: text.parse(active) }) || queued > 0 || Number(left) >= since;
  }

  /** Of those of the units that systemd has in memory. */
  async listLoaded(units: readonly string[]): Promise<SystemdState[]> {
    // No pattern would be all units.
    if (units.length === 0) return [];
    // Taken for patterns, in which the backslash of an escaped name would mean something.
    const patterns = units.map((unit) => unit.replaceAll('\\', '\\\\'));
    return statesIn(await this.#call('ListUnitsByPatterns', 'asas', [[], patterns]));
  }

  async reload(): Promise<void> {
    await this.#call('Reload');
  }

  /** Until the machine reboots, as the file's `[Install]` section says. Of links that are others' it takes none. */
  async enable(file: string): Promise<void> {
    await this.#call('EnableUnitFiles', 'asbb', [[file], true, false]);
  }

  async disable(unit: string): Promise<void> {
    await this.#call('DisableUnitFiles', 'asb', [[unit], true]);
  }

  /** Returns when the job is queued. */
  async start(unit: string): Promise<void> {
    await this.#call('StartUnit', 'ss', [unit, 'replace']);
  }

  /** Returns when the unit is down. `onQueued` is called when its stop job is in systemd's queue. */
  async stop(unit: string, onQueued?: () => void): Promise<void> {
    await this.#job(unit, 'stop', onQueued).catch((error: unknown) => {
      // Neither running nor on disk.
      if (!isUnknownUnit(error)) throw error;
    });
  }

  /**
   * Returns when the unit has reloaded, or has been started again where it can't; a unit that is down stays down. A job
   * of the unit that is queued is not replaced: it may be the one that stops it.
   */
  async reloadUnit(unit: string, onQueued?: () => void): Promise<void> {
    await this.#job(unit, 'reload', onQueued);
  }

  /** Returns when the job has ended well. */
  async #job(unit: string, kind: keyof typeof jobs, onQueued: () => void = () => {}): Promise<void> {
    const { member, mode } = jobs[kind];
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), jobWithin * 1000);
    // Listens from before the call on: the job's end may come in one piece with the answer.
    const ends = on(this.#jobs, unit, { signal: AbortSignal.any([this.lost, deadline.signal]) });
    try {
      await this.#stops.add([unit]);
      const job = await this.#call(member, 'ss', [unit, mode]);
      onQueued();
      const result = await resultOf(job, ends);
      if (result !== 'done') throw new Error(`its ${kind} job ended with ${result}`);
    } catch (error) {
      this.lost.throwIfAborted();
      if (deadline.signal.aborted)
        throw new Error(`it took more than ${jobWithin} s to ${kind}; give it a TimeoutStopSec=`, {
          cause: error,
        });
      throw error;
    } finally {
      clearTimeout(timer);
      await ends.return?.();
      if (this.#jobs.listenerCount(unit) === 0) await this.#stops.remove([unit]);
    }
  }

  /** A failed unit stays failed, and its starts stay counted, when it is stopped or its file gone. */
  async forgetFailure(unit: string): Promise<void> {
    await this.#call('ResetFailedUnit', 's', [unit]).catch((error: unknown) => {
      if (!isUnknownUnit(error)) throw error;
    });
  }

  /** systemd's word for how the unit's last run ended. All that can fail has it, on the interface of its type. */
  async resultOf(unit: string): Promise<string> {
    const type = unit.slice(unit.lastIndexOf('.') + 1);
    return text.parse(await this.get(unit, type.charAt(0).toUpperCase() + type.slice(1), 'Result'));
  }

  /** `list` and `resultOf` in one moment. */
  async outcomeOf(unit: string): Promise<Outcome> {
    // An interface without a name is all that the unit has (systemd's sd-bus, "GetAll").
    const call = { interface: properties, member: 'GetAll', signature: 's', body: [''] };
    const answer = outcome.parse(await this.#bus.call({ path: unitPath(unit), ...call }));
    const { LoadState: load, ActiveState: active, SubState: sub, Result: result } = answer;
    return { load, active, sub, result };
  }

  /** As far as systemd remembers. */
  async lastRunOf(unit: string): Promise<Run | undefined> {
    const properties = ['InvocationID', 'InactiveExitTimestampMonotonic'];
    const [id, since] = await Promise.all(properties.map((one) => this.get(unit, 'Unit', one)));
    const bytes = z.instanceof(Buffer).parse(id);
    if (bytes.every((byte) => byte === 0)) return undefined;
    return { unit, invocation: bytes.toString('hex'), since: Number(since) };
  }

  /** Of starts; stops go the other way round. Holds what systemd adds by itself, such as a service's socket. */
  async orderOf(unit: string): Promise<Order> {
    const [after, before] = await Promise.all(['After', 'Before'].map((one) => this.get(unit, 'Unit', one)));
    return { after: z.array(text).parse(after), before: z.array(text).parse(before) };
  }

  /** A property of the unit, or of what it is by its type: `Unit`, `Service`, … */
  async get(unit: string, type: string, property: string): Promise<unknown> {
    const body = [`${service}.${type}`, property];
    const call = { interface: properties, member: 'Get', signature: 'ss', body };
    return this.#bus.call({ path: unitPath(unit), ...call });
  }

  #call(member: string, signature = '', body: readonly unknown[] = []): Promise<unknown> {
    return this.#bus.call({ path, interface: `${service}.Manager`, member, signature, body });
  }
}

/** Whether systemd has no such unit in memory and finds no file for it. */
export function isUnknownUnit(error: unknown): boolean {
  return error instanceof BusError && error.error === `${service}.NoSuchUnit`;
}

/** Whether systemd has said no. Without an answer nobody knows what it did. */
export function isRefusal(error: unknown): boolean {
  return error instanceof BusError && error.error !== 'org.freedesktop.DBus.Error.NoReply';
}

function statesIn(answer: unknown): SystemdState[] {
  return rows.parse(answer).map(([, , load, active, sub]) => ({ load, active, sub }));
}

/** systemd's word for how a job ended: `done`, `canceled`, `timeout`, … */
async function resultOf(job: unknown, ends: AsyncIterable<unknown>): Promise<string> {
  for await (const each of ends) {
    const [[, path, , result]] = z.tuple([jobRemoved]).parse(each);
    if (path === job) return result;
  }
  throw new Error('systemd tells of no more jobs');
}
