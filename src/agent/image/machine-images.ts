import type { ImageRecord } from '../../model/image-record.ts';
import type { Machine } from '../../model/machine.ts';
import { messageOf } from '../../model/message-of.ts';
import { patientPause } from '../../model/patient-pause.ts';
import type { Reason } from '../../model/reason.ts';
import { Turns } from '../../model/turns.ts';
import type { Clock } from '../../store/clock.ts';
import type { Lease, Store } from '../../store/store.ts';
import type { UnitNeeds } from '../../unit/needs.ts';
import type { Log } from '../log.ts';
import { Chore } from './chore.ts';
import { chosenKeepers } from './chosen-keepers.ts';
import { ImageDirectory } from './image-directory.ts';
import type { ImageHost } from './image-host.ts';

export interface MachineImagesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly machine: Pick<Machine, 'id' | 'address'>;
  readonly host: ImageHost;
  /** Called when a unit may be started now, or another reason is to be told. */
  readonly onChange: () => void;
}

/**
 * Milliseconds between looks at Docker while an image is waited for: it tells nobody of one that comes by hand, and a look
 * is one at all units. A Docker that takes long to answer is busy, with that image as like as not, so it is asked after ten
 * times as long.
 */
const lookPeriods = { least: 2000, most: 20_000 } as const;

/**
 * The images of this machine: whether those that its units name are there, getting them from machines that keep them,
 * and keeping some for others.
 */
export class MachineImages {
  readonly #options: MachineImagesOptions;
  readonly #directory: ImageDirectory;
  /** Each by itself: a copy for others may take minutes, and a unit here waits for what it names. */
  readonly #fetching: Chore;
  readonly #keeping: Chore;
  /** What lies in the folder, and what is told of it: one chore at a time looks and tells. */
  readonly #turns = new Turns();
  #wanted: ReadonlySet<string> = new Set();
  /** When a name was wanted that was not before. */
  #wantedSince = Number.NEGATIVE_INFINITY;
  /** As Docker said last: name → id. */
  #names: ReadonlyMap<string, string> = new Map();
  #dockerProblem: Reason | undefined;
  /** Milliseconds that Docker took to say so. */
  #answerTook = 0;
  /** Why an image could not be had, by name. */
  readonly #failures = new Map<string, Reason>();
  /** Whether copies for others wait until what units here name was brought. */
  #isHeldBack = false;
  /** Manifests of the images of which others know whether this machine has them. */
  #told: ReadonlySet<string> = new Set();
  /** Manifests of images that other machines keep, and this one need not. */
  #letGo: ReadonlySet<string> = new Set();

  constructor(options: MachineImagesOptions) {
    const { store, clock, log, machine, host } = options;
    const { architecture } = host;
    this.#options = options;
    // Who tells nothing of itself is served by nobody, so that comes first.
    const announce = () => this.#announce();
    this.#fetching = new Chore({ clock, log }, announce, () => this.#fetchWanted());
    this.#keeping = new Chore({ clock, log }, announce, () => this.#keep());
    const onChange = () => this.#ring();
    this.#directory = new ImageDirectory({ store, clock, log, machine, architecture, onChange });
  }

  /** From now on what this machine keeps is told under this lease. */
  attach(lease: Lease): void {
    this.#directory.attach(lease);
    this.#ring();
  }

  /** These are the needs of units that are here or about to be. */
  follow(needs: Iterable<UnitNeeds>): void {
    const wanted = new Set([...needs].flatMap(({ flotilla }) => flotilla.images ?? []));
    const isNew = [...wanted].some((name) => !this.#wanted.has(name));
    this.#wanted = wanted;
    if (!isNew) return;
    this.#wantedSince = this.#options.clock.now();
    this.#fetching.ring();
  }

  /** Asks Docker before units with these needs are started. Never rejects. */
  async look(needs: Iterable<UnitNeeds>): Promise<void> {
    if ([...needs].some(({ flotilla }) => flotilla.images !== undefined)) await this.#ask();
  }

  /** Why a unit with these needs can't be started yet, and when to look again; undefined when all its images are there. */
  waitOf({ flotilla }: UnitNeeds): { readonly reason: Reason; readonly until: number } | undefined {
    const lacking = (flotilla.images ?? []).map((name) => this.#lackOf(name));
    const reason = lacking.find((each) => each !== undefined);
    if (reason === undefined) return undefined;
    const now = this.#options.clock.now();
    const least = Math.max(lookPeriods.least, 10 * this.#answerTook);
    return { reason, until: now + patientPause(now - this.#wantedSince, { ...lookPeriods, least }) };
  }

  /** Runs until `signal` aborts; never rejects. What is kept stays. */
  async run(signal: AbortSignal): Promise<void> {
    const { host } = this.#options;
    // At once, since a pull under way ends with it.
    signal.addEventListener('abort', () => void host.close(), { once: true });
    await Promise.all([
      this.#directory.follow(signal),
      this.#fetching.run(signal),
      this.#keeping.run(signal),
    ]);
    await host.close();
  }

  #ring(): void {
    this.#fetching.ring();
    this.#keeping.ring();
  }

  async #ask(): Promise<void> {
    const { clock } = this.#options;
    const asked = clock.now();
    try {
      this.#names = await this.#options.host.names();
      this.#dockerProblem = undefined;
    } catch (error) {
      this.#dockerProblem = messageOf(error);
    }
    this.#answerTook = clock.now() - asked;
  }

  #lackOf(name: string): Reason | undefined {
    if (this.#dockerProblem !== undefined)
      return `waits until Docker says whether it has ${name}: ${this.#dockerProblem}`;
    const id = this.#names.get(name);
    const record = this.#directory.record(name);
    const isKept = record !== undefined && this.#directory.isKept(record);
    // What nobody hands on would be waited for in vain: then the one that is here has to do.
    if (id !== undefined && (record?.id === id || !isKept)) return undefined;
    const what = `waits until ${id === undefined ? '' : 'the newest '}${name} is here`;
    if (record === undefined) return `${what}: \`flotilla image push\` brings it`;
    const failure = this.#failures.get(name);
    if (failure !== undefined) return `${what}: ${failure}`;
    return isKept ? what : `${what}: no machine that is there keeps it; \`flotilla image push\` brings it`;
  }

  async #announce(): Promise<void> {
    const { records } = this.#directory;
    if (!records) return;
    await this.#turns.take(async () => {
      const kept = await this.#options.host.kept(records);
      await this.#tell(kept.filter(({ manifest }) => !this.#letGo.has(manifest.digest)));
      this.#told = new Set(records.map(({ manifest }) => manifest.digest));
    });
  }

  async #tell(kept: readonly ImageRecord[]): Promise<void> {
    const port = await this.#options.host.serve(kept, (id) => this.#directory.isMember(id));
    await this.#directory.tell(kept, port);
  }

  /** Gets what units here name and Docker lacks. What a push has brought is there by then. */
  async #fetchWanted(): Promise<void> {
    if (this.#wanted.size === 0) return;
    const before = this.#names;
    try {
      await this.#ask();
      if ([...this.#wanted].some((name) => this.#names.get(name) !== before.get(name)))
        this.#options.onChange();
      await each(this.#due(), (record) => this.#pull(record));
    } finally {
      if (this.#isHeldBack) this.#keeping.ring();
      this.#isHeldBack = false;
    }
  }

  /** What units here name, Docker lacks, and some machine keeps. */
  #due(): readonly ImageRecord[] {
    const named = [...this.#wanted].flatMap((name) => this.#directory.record(name) ?? []);
    return named.filter(
      (record) => this.#names.get(record.name) !== record.id && this.#directory.isKept(record),
    );
  }

  async #pull(record: ImageRecord): Promise<void> {
    const { host, log, onChange } = this.#options;
    try {
      await host.pull(record, this.#directory.sourcesOf(record));
      this.#failures.delete(record.name);
      log(`${record.name} is here: it was pulled from what machines keep`);
    } catch (error) {
      this.#failures.set(record.name, messageOf(error));
      throw new Error(`${record.name}: ${messageOf(error)}`, { cause: error });
    } finally {
      onChange();
    }
  }

  /** Keeps what is this machine's to keep, lets go of the rest, and tells the others. */
  async #keep(): Promise<void> {
    const { host } = this.#options;
    const share = this.#share();
    if (!share) return;
    const kept = new Set(await host.kept(share.mine));
    try {
      await each(
        share.mine.filter((record) => !kept.has(record)),
        async (record) => {
          const sources = this.#directory.sourcesOf(record);
          // Both take the same processor: what a unit waits for comes first.
          if (this.#due().some(({ name }) => !this.#failures.has(name))) this.#isHeldBack = true;
          else if (sources.length > 0) await host.keep(record, sources);
        },
      );
    } finally {
      await this.#turns.take(() => this.#letGoOfOthers());
    }
    await host.prune(share.records.flatMap(({ former }) => former));
  }

  /** By what is recorded now: copies may have taken minutes. */
  async #letGoOfOthers(): Promise<void> {
    const { host } = this.#options;
    const share = this.#share();
    if (!share) return;
    // What is let go is not offered any more before it is gone.
    await this.#tell(await host.kept(share.mine));
    await host.release(share.mine, share.records);
  }

  /**
   * All images, and which of them this machine keeps. One that was recorded since it told what it has is not judged yet:
   * the others would seem to keep as much of it as this machine does, which may be the only one that has it.
   */
  #share(): { readonly records: readonly ImageRecord[]; readonly mine: readonly ImageRecord[] } | undefined {
    const { keepers } = this.#directory;
    const records = this.#directory.records?.filter(({ manifest }) => this.#told.has(manifest.digest));
    if (!records) return undefined;
    const isMine = ({ manifest }: ImageRecord) =>
      chosenKeepers(manifest.digest, keepers).includes(this.#options.machine.id);
    const mine = records.filter(isMine);
    // What lies there a while longer is not offered again: the others would hear of it at each look.
    const others = records.filter((record) => !mine.includes(record));
    this.#letGo = new Set(others.map(({ manifest }) => manifest.digest));
    return { records, mine };
  }
}

/** Does it for each, whatever becomes of the others. */
async function each<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const problems: Reason[] = [];
  for (const one of all) await act(one).catch((error: unknown) => problems.push(messageOf(error)));
  if (problems.length > 0) throw new Error(problems.join('; '));
}
