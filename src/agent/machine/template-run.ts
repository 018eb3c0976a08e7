import { basename, dirname, join } from 'node:path';
import { messageOf } from '../../model/message-of.ts';
import type { Reason } from '../../model/reason.ts';
import type { Clock } from '../../store/clock.ts';
import { KeyStore, rangesOf } from '../../template/key-store.ts';
import type { Template } from '../../template/render.ts';
import type { TemplateResource } from '../../template/resource.ts';
import type { SyncRecord } from '../../template/sync-plan.ts';
import type { CommandEnd, Host } from '../../template-sync/host.ts';
import type { Lookups } from '../../template-sync/lookups.ts';
import { ResourceLoop } from '../../template-sync/resource-loop.ts';
import type { SyncResult } from '../../template-sync/sync.ts';
import type { Log } from '../log.ts';
import type { TemplateRecords } from './template-records.ts';

/** Characters of a failure that are told to the cluster: a command may say much. */
const longestFailure = 1000;

export interface TemplateRunOptions {
  /** Follows from resource and template: another text is another run. */
  readonly id: string;
  readonly resource: TemplateResource;
  readonly template: Template;
  readonly host: Host;
  readonly lookups: Lookups;
  readonly records: TemplateRecords;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether one of its units was started, so that somebody is there to be told of a change. */
  readonly isNeeded: () => boolean;
  /** Called when the file was written, or something else is wrong with it than before. */
  readonly onChange: () => void;
}

/** One file of a template, for as long as a unit here names it. */
export class TemplateRun {
  readonly ranges: readonly string[];
  readonly #options: TemplateRunOptions;
  #loop: ResourceLoop | undefined;
  #keys: KeyStore | undefined;
  #written = false;
  #failure: Reason | undefined;
  #said = '';
  #stopped = false;
  #saving: Promise<void> = Promise.resolve();

  /** @param before what has to end before it begins: the run that the same file was of */
  constructor(options: TemplateRunOptions, before: Promise<void> = Promise.resolve()) {
    this.#options = options;
    this.ranges = rangesOf(options.resource);
    void before.then(() => this.#begin());
  }

  /** Whether the file in place is what this template made of keys. */
  get isWritten(): boolean {
    return this.#written;
  }

  get failure(): Reason | undefined {
    return this.#failure;
  }

  get dest(): string {
    return this.#options.resource.dest;
  }

  keysChanged(stored: Iterable<readonly [string, string]>): void {
    this.#keys = new KeyStore(stored, this.#options.resource);
    this.#loop?.keysChanged(this.#keys);
  }

  /** Nothing is written and no command runs any more when it resolves. The file stays. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop?.stop();
    await this.#saving;
  }

  async #begin(): Promise<void> {
    const { id, records, resource, isNeeded } = this.#options;
    const record = await records.read(id);
    if (this.#stopped) return;
    const host = new ReloadsIfNeeded(this.#options.host, resource.reload, isNeeded);
    const onResult = (result: SyncResult) => this.#hear(result);
    this.#loop = new ResourceLoop({ ...this.#options, host, record, onResult });
    if (this.#keys) this.#loop.keysChanged(this.#keys);
  }

  #hear({ steps, failure, record }: SyncResult): void {
    const { log, onChange, resource } = this.#options;
    const [written, failed] = [this.#written, this.#failure];
    this.#failure = failure === undefined ? undefined : shortened(failure, resource.dest);
    // A reload comes after all else: the file is in place, whatever its program makes of it.
    this.#written ||= failure === undefined || steps.at(-1)?.do === 'reload';
    const done = steps.map((step) => `${step.do} ${resource.dest}: ${step.reason}`);
    const said = [...done, ...(this.#failure === undefined ? [] : [`will try again: ${this.#failure}`])];
    if (said.length > 0 && said.join('\n') !== this.#said) for (const line of said) log(line);
    this.#said = this.#failure === undefined ? '' : said.join('\n');
    this.#save(record);
    if (written !== this.#written || failed !== this.#failure) onChange();
  }

  #save(record: SyncRecord | undefined): void {
    const { id, records, log } = this.#options;
    if (record === undefined) return;
    const saving = this.#saving.then(() => records.write(id, record));
    this.#saving = saving.catch((error: unknown) => log(`${this.dest}: ${messageOf(error)}`));
  }
}

/** The name of a draft is another one each time; what is told of a failure shall not be. */
function shortened(failure: string, dest: string): string {
  const [before = '', ...after] = failure.split(join(dirname(dest), `.${basename(dest)}.`));
  const text = [before, ...after.map((rest) => `${dest}${rest.replace(/^[0-9a-f]+/, '')}`)].join('');
  return text.length > longestFailure ? `${text.slice(0, longestFailure)}…` : text;
}

/** A program that is not there yet can't be reloaded, and reads the file when it starts. */
class ReloadsIfNeeded implements Host {
  readonly #host: Host;
  readonly #reload: string | undefined;
  readonly #isNeeded: () => boolean;

  constructor(host: Host, reload: string | undefined, isNeeded: () => boolean) {
    this.#host = host;
    this.#reload = reload;
    this.#isNeeded = isNeeded;
  }

  async run(command: string, timeout: number): Promise<CommandEnd> {
    if (command === this.#reload && !this.#isNeeded()) return { status: 0, output: '' };
    return this.#host.run(command, timeout);
  }

  read(...[path]: Parameters<Host['read']>): ReturnType<Host['read']> {
    return this.#host.read(path);
  }

  resolve(...[ownership]: Parameters<Host['resolve']>): ReturnType<Host['resolve']> {
    return this.#host.resolve(ownership);
  }

  stage(...[dest, file]: Parameters<Host['stage']>): ReturnType<Host['stage']> {
    return this.#host.stage(dest, file);
  }

  replace(...[staged, dest]: Parameters<Host['replace']>): ReturnType<Host['replace']> {
    return this.#host.replace(staged, dest);
  }

  discard(...[staged]: Parameters<Host['discard']>): ReturnType<Host['discard']> {
    return this.#host.discard(staged);
  }
}
