import { messageOf } from '../model/message-of.ts';
import { isOutage } from '../push/errors.ts';
import { readEvents } from '../push/events.ts';
import type { Cluster } from './cluster.ts';
import type { Context } from './context.ts';
import { interrupted } from './failure.ts';
import type { JournalEntry } from './journal-entry.ts';
import { journalctl, readJournal } from './journal-reader.ts';
import { LogPrinter } from './log-printer.ts';
import { meaningOf, type Source, type Sources, sourcesOf } from './log-sources.ts';
import { say } from './say.ts';
import { SeenEntries } from './seen-entries.ts';
import type { KnownMachine } from './stack.ts';

/** Milliseconds before a machine that was lost, or a cluster that does not answer, is looked at again. */
const pause = 5000;

/** Statuses from here on say that a signal ended the program: the machine goes down. */
const signalled = 128;

/** One machine's journal. */
interface Tail {
  readonly machine: KnownMachine;
  readonly units: ReadonlySet<string>;
  /** Shared with the tail that this one takes the place of. */
  readonly seen: SeenEntries;
  readonly stop: AbortController;
  /** `lost`: the machine went away, and is looked for again. */
  state: 'reading' | 'lost' | { readonly status: number };
}

/** Follows the journals of units, and the units when they move. */
export class LogFollower {
  readonly #context: Context;
  readonly #cluster: Cluster;
  readonly #printer: LogPrinter;
  readonly #means: (unit: string) => boolean;
  readonly #tails = new Map<KnownMachine, Tail>();
  /** Units that were met on some machine. */
  readonly #met = new Set<string>();
  /** Aborts when nothing is left to follow, and on Ctrl-C. */
  readonly #done = new AbortController();
  readonly #signal: AbortSignal;
  /** The last look's, as the store counts. */
  #revision = '0';
  #said = '';

  constructor(context: Context, cluster: Cluster, words: readonly string[]) {
    this.#context = context;
    this.#cluster = cluster;
    this.#printer = new LogPrinter(context, cluster.machines);
    this.#means = meaningOf(words);
    this.#signal = AbortSignal.any([context.signal, this.#done.signal]);
  }

  /** Until Ctrl-C, or until journalctl ended everywhere by itself. Returns the exit status. */
  async follow({ sources, revision, lines }: Sources & { readonly lines: number }): Promise<number> {
    this.#revision = revision;
    const readers = sources.map((source) => this.#read(source, ['--lines', String(lines)]));
    const watching = this.#watch();
    await Promise.all([...readers, watching]).finally(() => this.#done.abort());
    const statuses = [...this.#tails.values()].flatMap(({ state }) =>
      typeof state === 'object' && state.status !== interrupted ? state.status : [],
    );
    return statuses.find((status) => status !== 0) ?? 0;
  }

  /** A tail in the place of the machine's last one, which it returns as well. */
  #replace({ machine, units }: Source): { readonly tail: Tail; readonly before: Tail | undefined } {
    const before = this.#tails.get(machine);
    const seen = before?.seen ?? new SeenEntries();
    const stop = new AbortController();
    const tail: Tail = { machine, units: new Set(units), seen, stop, state: 'reading' };
    this.#tails.set(machine, tail);
    for (const unit of units) this.#met.add(unit);
    return { tail, before };
  }

  /** Reads a machine's journal to its end. Another tail of the same machine ends when this one has begun. */
  async #read(source: Source, options: readonly string[]): Promise<void> {
    const { tail, before } = this.#replace(source);
    const { machine, seen } = tail;
    const argv = journalctl(source.units, [...options, '--follow']);
    const { signal } = tail.stop;
    const take = (entry: JournalEntry) => {
      if (seen.isNew(entry)) this.#printer.print(entry, machine);
    };
    const reading = readJournal(this.#context, this.#cluster, { machine, argv, signal }, take);
    before?.stop.abort(new Error('another one took its place'));
    try {
      const status = await reading;
      tail.state = status >= signalled && status !== interrupted ? 'lost' : { status };
    } catch (error) {
      if (this.#signal.aborted || signal.aborted) return;
      say(this.#context, `${machine.name}: ${messageOf(error)}`);
      tail.state = 'lost';
    }
    if (this.#tails.get(machine) !== tail) return;
    if (tail.state === 'lost') await this.#lookLater();
    else if ([...this.#tails.values()].every(({ state }) => typeof state === 'object')) this.#done.abort();
  }

  /** Looks whenever something happened to one of the units, until nothing is left to follow. */
  async #watch(): Promise<void> {
    const { clock } = this.#context;
    while (!this.#signal.aborted) {
      const query = { after: this.#revision, follow: true };
      const options = { log: (line: string) => this.#sayOnce(line), signal: this.#signal, clock };
      try {
        for await (const { kind, unit, revision } of readEvents(this.#cluster.api, query, options)) {
          const moves = kind === 'placement' || kind === 'state';
          const isNews = BigInt(revision) > BigInt(this.#revision);
          if (moves && unit !== undefined && isNews && this.#means(unit)) await this.#look();
        }
      } catch (error) {
        if (this.#signal.aborted) return;
        // The store has forgotten where we were, or one agent is older than the others.
        this.#sayOnce(`${messageOf(error)}; looking again where the units are`);
        await this.#lookLater();
      }
    }
  }

  async #lookLater(): Promise<void> {
    try {
      await this.#context.clock.sleep(pause, this.#signal);
      await this.#look();
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    }
  }

  /** Reads the journals of machines that units have come to. */
  async #look(): Promise<void> {
    const { api, machines: known } = this.#cluster;
    try {
      const { units, revision } = await api.units();
      const { machines } = await api.machines();
      this.#revision = revision;
      const present = known.filter(({ name }) => machines.some((machine) => machine.name === name));
      const meant = units.filter(({ name }) => this.#means(name));
      for (const source of sourcesOf(meant, machines, present)) this.#extend(source);
    } catch (error) {
      if (this.#signal.aborted || !isOutage(error)) throw error;
      this.#sayOnce(messageOf(error));
      await this.#lookLater();
    }
  }

  #extend({ machine, units }: Source): void {
    const tail = this.#tails.get(machine);
    const reads = tail?.state === 'reading';
    const fresh = units.filter((unit) => !reads || !tail.units.has(unit));
    if (fresh.length === 0) return;
    for (const unit of fresh) say(this.#context, `${unit} ${this.#arrival(unit, tail)} ${machine.name}`);
    const all = reads ? [...tail.units, ...fresh] : units;
    const since = reads ? undefined : tail?.seen.newest;
    const begin = since === undefined ? recently : `@${Math.floor(since / 1_000_000)}`;
    void this.#read({ machine, units: all }, [`--since=${begin}`, '--no-tail']).catch((error: unknown) => {
      say(this.#context, `${machine.name}: ${messageOf(error)}`);
    });
  }

  #arrival(unit: string, tail: Tail | undefined): string {
    if (tail?.units.has(unit)) return 'is followed again on';
    return this.#met.has(unit) ? 'moved to' : 'came to';
  }

  /** What lasts is told once, not once a second. */
  #sayOnce(line: string): void {
    if (line !== this.#said) say(this.#context, line);
    this.#said = line;
  }
}

/** From when a machine's journal is read that a unit came to: longer than it takes to hear of it and to ask. */
const recently = '-15s';
