import { createHash } from 'node:crypto';
import { messageOf } from '../../model/message-of.ts';
import type { Reason } from '../../model/reason.ts';
import type { Clock } from '../../store/clock.ts';
import type { Store } from '../../store/store.ts';
import { parseAttached } from '../../template/attach.ts';
import type { Host } from '../../template-sync/host.ts';
import type { Lookups } from '../../template-sync/lookups.ts';
import { SharedRuns } from '../../template-sync/shared-runs.ts';
import { type AttachedTemplate, readAttached } from '../../unit/attached-templates.ts';
import { parseUnit } from '../../unit/parse.ts';
import type { Log } from '../log.ts';
import { TemplateKeys } from './template-keys.ts';
import type { TemplateRecords } from './template-records.ts';
import { TemplateRun } from './template-run.ts';

/** What templates need of the machine. */
export interface TemplateTools {
  readonly host: Host;
  readonly lookups: Lookups;
  readonly records: TemplateRecords;
}

export interface TemplatesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly tools: TemplateTools;
  /** Called when a unit may be started now, or another failure is to be told. */
  readonly onChange: () => void;
}

/** A unit that is here or about to be. */
export interface TemplatedUnit {
  readonly name: string;
  readonly contents: string;
  readonly started: boolean;
}

/** A template and the units here that name it. */
interface Wanted {
  readonly id: string;
  readonly units: Set<string>;
  readonly parsed: ReturnType<typeof parseAttached> | undefined;
  readonly problem: Reason | undefined;
}

/**
 * Keeps the files of all templates of this machine's units up to date. A template that several units name, such as the
 * instances of one, runs once. Two that write the same file take turns: the one that came last has it.
 */
export class Templates {
  readonly #options: TemplatesOptions;
  readonly #host: SharedRuns;
  readonly #keys: TemplateKeys;
  readonly #read = new Map<string, readonly AttachedTemplate[]>();
  /** In the order in which they came. */
  readonly #wanted = new Map<string, Wanted>();
  /** By file. */
  readonly #runs = new Map<string, { readonly id: string; readonly run: TemplateRun }>();
  readonly #ending = new Map<string, Promise<void>>();
  #started: Set<string> = new Set();

  constructor(options: TemplatesOptions) {
    const { store, clock, log, tools } = options;
    this.#options = options;
    this.#host = new SharedRuns(tools.host, clock);
    this.#keys = new TemplateKeys({ store, clock, log, onChange: (range) => this.#keysChanged(range) });
  }

  /** These units are here, or about to be, and no others. */
  follow(units: readonly TemplatedUnit[]): void {
    this.#started = new Set(units.flatMap(({ name, started }) => (started ? name : [])));
    this.#want(units);
    const owners = new Map<string, Wanted>();
    for (const wanted of this.#wanted.values()) {
      if (wanted.parsed) owners.set(wanted.parsed.resource.dest, wanted);
    }
    for (const [dest, { id }] of this.#runs) if (owners.get(dest)?.id !== id) this.#end(dest);
    for (const [dest, owner] of owners) if (!this.#runs.has(dest)) this.#begin(dest, owner);
    this.#keys.follow(new Set([...this.#runs.values()].flatMap(({ run }) => run.ranges)));
    for (const { run } of this.#runs.values()) this.#deliverFirst(run);
  }

  /** These are started at this moment: from now on a change is a reload. */
  starting(units: readonly string[]): void {
    for (const unit of units) this.#started.add(unit);
  }

  /** Why the unit can't be started yet; undefined when all its files are written. */
  waitOf(unit: string): Reason | undefined {
    for (const wanted of this.#of(unit)) {
      const reason = this.#lackOf(wanted);
      if (reason !== undefined) return reason;
    }
    return undefined;
  }

  /** What is wrong with a file of the unit's; undefined when nothing is. */
  failureOf(unit: string): Reason | undefined {
    const failures = this.#of(unit).map((wanted) => wanted.problem ?? this.#runOf(wanted)?.failure);
    return failures.find((failure) => failure !== undefined);
  }

  /** Files stay as they are. */
  async end(): Promise<void> {
    this.#keys.follow(new Set());
    for (const dest of [...this.#runs.keys()]) this.#end(dest);
    await Promise.all(this.#ending.values());
  }

  #of(unit: string): Wanted[] {
    return [...this.#wanted.values()].filter(({ units }) => units.has(unit));
  }

  #runOf({ id, parsed }: Wanted): TemplateRun | undefined {
    const found = parsed && this.#runs.get(parsed.resource.dest);
    return found?.id === id ? found.run : undefined;
  }

  #lackOf(wanted: Wanted): Reason | undefined {
    if (wanted.problem !== undefined || !wanted.parsed)
      return `its template can't be used: ${wanted.problem}`;
    const { dest } = wanted.parsed.resource;
    const run = this.#runOf(wanted);
    if (run === undefined) {
      const others = this.#othersWith(dest, wanted);
      return `waits until ${dest} is its own: ${others} has another template for it`;
    }
    if (run.isWritten) return undefined;
    const why = run.failure ?? this.#keys.problemOf(run.ranges);
    return `waits until ${dest} is written${why === undefined ? '' : `: ${why}`}`;
  }

  #othersWith(dest: string, mine: Wanted): string {
    const others = [...this.#wanted.values()].filter((each) => each.parsed?.resource.dest === dest);
    return others.flatMap((each) => (each === mine ? [] : [...each.units])).join(', ');
  }

  /** Brings `#wanted` up to date; what was wanted before keeps its place. */
  #want(units: readonly TemplatedUnit[]): void {
    for (const { units: old } of this.#wanted.values()) old.clear();
    for (const { name, contents } of units) {
      for (const attached of this.#attachedTo(contents)) {
        const id = idOf(attached);
        const wanted = this.#wanted.get(id) ?? wantedOf(id, attached);
        this.#wanted.set(id, wanted);
        wanted.units.add(name);
      }
    }
    for (const [id, wanted] of this.#wanted) if (wanted.units.size === 0) this.#forget(id, wanted);
    const present = new Set(units.map(({ contents }) => contents));
    for (const contents of this.#read.keys()) if (!present.has(contents)) this.#read.delete(contents);
  }

  #attachedTo(contents: string): readonly AttachedTemplate[] {
    const known = this.#read.get(contents) ?? readAttached(parseUnit(contents).options);
    this.#read.set(contents, known);
    return known;
  }

  /** The file stays: what reads it may still run, and a package's own file would not come back. */
  #forget(id: string, wanted: Wanted): void {
    const dest = this.#runOf(wanted)?.dest;
    if (dest !== undefined) this.#end(dest);
    this.#wanted.delete(id);
    const ended = dest === undefined ? Promise.resolve() : this.#ending.get(dest);
    const { records } = this.#options.tools;
    void ended?.then(() => (this.#wanted.has(id) ? undefined : records.remove(id).catch(() => undefined)));
  }

  #begin(dest: string, { id, parsed, units }: Wanted): void {
    if (!parsed) return;
    const { clock, log, onChange, tools } = this.#options;
    const isNeeded = () => [...units].some((unit) => this.#started.has(unit));
    const options = { id, ...parsed, ...tools, host: this.#host, clock, log, onChange, isNeeded };
    this.#runs.set(dest, { id, run: new TemplateRun(options, this.#ending.get(dest)) });
  }

  #end(dest: string): void {
    const ended = this.#runs.get(dest)?.run.stop();
    this.#runs.delete(dest);
    if (ended === undefined) return;
    const before = this.#ending.get(dest);
    const both = Promise.all([before, ended]).then(() => {
      if (this.#ending.get(dest) === both) this.#ending.delete(dest);
    });
    this.#ending.set(dest, both);
  }

  readonly #delivered = new WeakSet<TemplateRun>();

  /** Its keys may be known already, from another template. */
  #deliverFirst(run: TemplateRun): void {
    if (!this.#delivered.has(run)) this.#deliver(run);
  }

  #deliver(run: TemplateRun): void {
    const keys = this.#keys.of(run.ranges);
    if (keys === undefined) return;
    this.#delivered.add(run);
    run.keysChanged(keys);
  }

  #keysChanged(range: string): void {
    const concerned = [...this.#runs.values()].filter(({ run }) => run.ranges.includes(range));
    for (const { run } of concerned) this.#deliver(run);
    if (this.#keys.problemOf([range]) !== undefined) this.#options.onChange();
  }
}

function wantedOf(id: string, attached: AttachedTemplate): Wanted {
  const units = new Set<string>();
  try {
    return { id, units, parsed: parseAttached(attached), problem: undefined };
  } catch (error) {
    return { id, units, parsed: undefined, problem: messageOf(error) };
  }
}

function idOf({ resource, text }: AttachedTemplate): string {
  return createHash('sha256')
    .update(JSON.stringify([resource, text]))
    .digest('hex');
}
