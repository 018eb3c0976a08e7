import { messageOf } from '../model/message-of.ts';
import type { KeyStore } from '../template/key-store.ts';
import { lineDiff } from '../template/line-diff.ts';
import { render, type Template } from '../template/render.ts';
import type { TemplateResource } from '../template/resource.ts';
import {
  differenceOf,
  type FileState,
  hashOf,
  planSync,
  type SyncOptions,
  type SyncRecord,
  type SyncStep,
} from '../template/sync-plan.ts';
import type { CommandEnd, Host } from './host.ts';
import { type Lookups, renderWith } from './lookups.ts';

/** A resource, its template, and what the template sees. */
export interface SyncSubject {
  readonly resource: TemplateResource;
  readonly template: Template;
  readonly keys: KeyStore;
  readonly lookups: Lookups;
}

export interface SyncResult {
  /** What was done, in order; the last one failed if `failure` is there. */
  readonly steps: readonly SyncStep[];
  /** What went wrong, for whoever has to mend it. The file is then the last good one, or its reload is due again. */
  readonly failure?: string;
  /** In noop mode: what would change, as `diff -u` shows it; empty where nothing would. */
  readonly diff?: string;
  /** To be kept, and given to the next run. */
  readonly record: SyncRecord | undefined;
}

/**
 * Brings one file up to date, once: render, check, replace, reload. What fails leaves all that was good in place, and is
 * told in the result; only what the host itself can't do is thrown.
 */
export async function syncResource(
  subject: SyncSubject,
  host: Host,
  record: SyncRecord | undefined,
  options: SyncOptions = {},
): Promise<SyncResult> {
  const { resource } = subject;
  const present = await host.read(resource.dest);
  let wanted: FileState;
  try {
    wanted = await wantedState(subject, host, present);
  } catch (error) {
    return { steps: [], failure: messageOf(error), record };
  }
  const [checks, reloads] = [resource.check !== undefined, resource.reload !== undefined];
  const steps = planSync({ wanted, present, record, checks, reloads, ...options });
  if (options.noop) return { steps, diff: describeChange(wanted, present), record };
  return new Run(subject, host, wanted).perform(steps, record);
}

async function wantedState(
  { resource, template, keys, lookups }: SyncSubject,
  host: Host,
  present: FileState | undefined,
) {
  const contents = await renderWith(template, keys, lookups);
  const ids = await host.resolve(resource);
  return { contents, mode: resource.mode ?? present?.mode ?? 0o644, ...ids };
}

function describeChange(wanted: FileState, present: FileState | undefined): string {
  const difference = differenceOf(wanted, present);
  if (difference === undefined) return '';
  return `${difference}\n${lineDiff(present?.contents ?? '', wanted.contents)}`;
}

class Run {
  readonly #subject: SyncSubject;
  readonly #host: Host;
  readonly #wanted: FileState;
  readonly #done: SyncStep[] = [];
  #staged: string | undefined;

  constructor(subject: SyncSubject, host: Host, wanted: FileState) {
    this.#subject = subject;
    this.#host = host;
    this.#wanted = wanted;
  }

  async perform(steps: readonly SyncStep[], record: SyncRecord | undefined): Promise<SyncResult> {
    const hash = hashOf(this.#wanted);
    let failure: string | undefined;
    for (const step of steps) {
      this.#done.push(step);
      failure = await this.#perform(step).catch((error: unknown) => messageOf(error));
      if (failure !== undefined) break;
    }
    if (this.#staged !== undefined) await this.#host.discard(this.#staged);
    if (failure === undefined) return { steps: this.#done, record: { written: hash, reloaded: hash } };
    const inPlace = this.#done.at(-1)?.do === 'reload';
    // Nothing was reloaded with it yet: remembered, so that it is tried again.
    const kept = inPlace ? { written: hash, reloaded: record?.reloaded ?? '' } : record;
    return { steps: this.#done, failure, record: kept };
  }

  /** Undefined when it went well. */
  async #perform(step: SyncStep): Promise<string | undefined> {
    const { resource } = this.#subject;
    if (step.do === 'check') return this.#check();
    if (step.do === 'reload') {
      const end = await this.#host.run(resource.reload ?? '', resource.reloadTimeout);
      return failureOf('reload_cmd', resource.reload ?? '', end, resource.reloadTimeout);
    }
    await this.#host.replace(await this.#stage(), resource.dest);
    this.#staged = undefined;
    return undefined;
  }

  async #check(): Promise<string | undefined> {
    const { check, dest, checkTimeout } = this.#subject.resource;
    if (check === undefined) return undefined;
    const dot = new Map([
      ['src', await this.#stage()],
      ['dest', dest],
    ]);
    const command = render(check, {}, dot);
    return failureOf('check_cmd', command, await this.#host.run(command, checkTimeout), checkTimeout);
  }

  async #stage(): Promise<string> {
    this.#staged ??= await this.#host.stage(this.#subject.resource.dest, this.#wanted);
    return this.#staged;
  }
}

function failureOf(
  what: string,
  command: string,
  { status, output }: CommandEnd,
  timeout: number,
): string | undefined {
  if (status === 0) return undefined;
  const end = status === undefined ? `took longer than ${timeout} s and was ended` : `ended with ${status}`;
  const said = output.trim() === '' ? '' : `: ${output.trim().split('\n').slice(-5).join('\n')}`;
  return `${what} \`${command}\` ${end}${said}`;
}
