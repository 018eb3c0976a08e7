import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { parseJson } from '../../model/parse-json.ts';
import type { SyncRecord } from '../../template/sync-plan.ts';
import { replaceFile } from '../systemd/replace-file.ts';

/** What is remembered of templates while no agent runs: a reload that failed is due after a restart, too. */
export interface TemplateRecords {
  /** Undefined for one that nothing is known of. */
  read(id: string): Promise<SyncRecord | undefined>;
  write(id: string, record: SyncRecord): Promise<void>;
  remove(id: string): Promise<void>;
}

const recordSchema = z.object({ written: z.string(), reloaded: z.string() });

/** A file for each, in a folder of the agent's. */
export class RecordFiles implements TemplateRecords {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What can't be read counts as not there: the file is then compared and reloaded anew. */
  async read(id: string): Promise<SyncRecord | undefined> {
    const text = await readFile(this.#path(id), 'utf8').catch(() => '');
    return recordSchema.safeParse(parseJson(text)).data;
  }

  async write(id: string, record: SyncRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await replaceFile(this.#path(id), (draft) => writeFile(draft, JSON.stringify(record)));
  }

  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}

/** In memory: for machines that are simulated. */
export class FakeRecords implements TemplateRecords {
  readonly kept = new Map<string, SyncRecord>();

  async read(id: string): Promise<SyncRecord | undefined> {
    return this.kept.get(id);
  }

  async write(id: string, record: SyncRecord): Promise<void> {
    this.kept.set(id, record);
  }

  async remove(id: string): Promise<void> {
    this.kept.delete(id);
  }
}
