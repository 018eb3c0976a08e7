import { promises as dns } from 'node:dns';
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { types } from 'node:util';
import type { KeyStore } from '../template/key-store.ts';
import type { Outside, SrvRecord } from '../template/outside.ts';
import { render, type Template } from '../template/render.ts';

/** Where a template's lookups are answered. */
export interface Lookups extends Pick<Outside, 'now' | 'env' | 'fileExists'> {
  /** None where the name is not known; rejects when nobody could be asked. */
  addresses(name: string): Promise<readonly string[]>;
  services(service: string, protocol: string, name: string): Promise<readonly SrvRecord[]>;
}

/** Names of a template may follow from what names before them led to, but not for ever. */
const maxRounds = 10;

/**
 * Renders, and looks up what it takes. Rendering itself waits for nothing: what it asked for and was not known is looked
 * up, and it is rendered again, until nothing is missing.
 *
 * @throws TemplateError, and what a lookup failed with: whoever keeps a file keeps the one that is there then
 */
export async function renderWith(template: Template, keys: KeyStore, lookups: Lookups): Promise<string> {
  const answers = new Answers(lookups);
  for (let round = 1; ; round += 1) {
    const attempt = attemptOf(() => render(template, { keys, outside: answers }));
    if (!answers.missing) return attempt();
    if (round === maxRounds)
      throw new Error(
        `${template.source.file} looks up names again and again; ${maxRounds} rounds are the limit`,
      );
    await answers.lookUp();
  }
}

/** An error may come from what was not looked up yet, so it is kept for later. */
function attemptOf(run: () => string): () => string {
  try {
    const result = run();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

class Answers implements Outside {
  readonly #lookups: Lookups;
  readonly #addresses = new Map<string, readonly string[] | undefined>();
  readonly #services = new Map<string, readonly SrvRecord[] | undefined>();
  readonly #now: bigint;

  constructor(lookups: Lookups) {
    this.#lookups = lookups;
    this.#now = lookups.now();
  }

  /** One moment for the whole file. */
  now(): bigint {
    return this.#now;
  }

  env(name: string): string | undefined {
    return this.#lookups.env(name);
  }

  fileExists(path: string): boolean {
    return this.#lookups.fileExists(path);
  }

  addresses(name: string): readonly string[] {
    return asked(this.#addresses, name);
  }

  services(...query: [service: string, protocol: string, name: string]): readonly SrvRecord[] {
    return asked(this.#services, JSON.stringify(query));
  }

  get missing(): boolean {
    return [this.#addresses, this.#services].some((map) => [...map.values()].includes(undefined));
  }

  async lookUp(): Promise<void> {
    await Promise.all([
      ...open(this.#addresses).map(async (name) => {
        this.#addresses.set(name, await this.#lookups.addresses(name));
      }),
      ...open(this.#services).map(async (query) => {
        const [service, protocol, name]: [string, string, string] = JSON.parse(query);
        this.#services.set(query, await this.#lookups.services(service, protocol, name));
      }),
    ]);
  }
}

/** The answer, or none for now and a note to look it up. */
function asked<T>(map: Map<string, readonly T[] | undefined>, key: string): readonly T[] {
  const answer = map.get(key);
  if (answer === undefined) map.set(key, undefined);
  return answer ?? [];
}

function open(map: ReadonlyMap<string, unknown>): string[] {
  return [...map].filter(([, answer]) => answer === undefined).map(([key]) => key);
}

/** This machine's own: its name servers, files and environment. */
export class LocalLookups implements Lookups {
  readonly #env: Readonly<Record<string, string | undefined>>;

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
  }

  now(): bigint {
    return BigInt(Date.now()) * 1_000_000n;
  }

  env(name: string): string | undefined {
    return Object.hasOwn(this.#env, name) ? this.#env[name] : undefined;
  }

  fileExists(path: string): boolean {
    return existsSync(path);
  }

  async addresses(name: string): Promise<readonly string[]> {
    if (isIP(name) !== 0) return [name];
    const found = await known(dns.lookup(name, { all: true }));
    return found.map(({ address }) => address);
  }

  async services(service: string, protocol: string, name: string): Promise<readonly SrvRecord[]> {
    const full = service === '' && protocol === '' ? name : `_${service}._${protocol}.${name}`;
    const found = await known(dns.resolveSrv(full));
    return found.map(({ name: target, ...numbers }) => ({ ...numbers, target: `${target}.` }));
  }
}

const unknownName: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA', 'NOTFOUND', 'NODATA']);

/** No records for a name that is not there. A server that does not answer is another matter: then nobody knows. */
async function known<T>(lookup: Promise<T[]>): Promise<T[]> {
  try {
    return await lookup;
  } catch (error) {
    if (types.isNativeError(error) && 'code' in error && unknownName.has(error.code)) return [];
    throw error;
  }
}
