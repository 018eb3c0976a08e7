import { messageOf } from '../../model/message-of.ts';
import type { Reason } from '../../model/reason.ts';
import { type Clock, sleep } from '../../store/clock.ts';
import { readCluster } from '../../store/cluster-state.ts';
import { prefixes, rootPrefix } from '../../store/keys.ts';
import { mirror } from '../../store/mirror.ts';
import { Forbidden, type Store } from '../../store/store.ts';
import { servicesView } from '../../template/services-view.ts';
import { offeredServices } from '../engine/offered.ts';
import type { Log } from '../log.ts';
import { Pulse } from '../pulse.ts';

/** Milliseconds that changes of services are collected for: all of the cluster is read then. */
const collectFor = 200;

/** Milliseconds after which services are read again though nothing is heard: an address may have changed. */
const idlePeriod = 600_000;

/** Milliseconds until services are read again that could not be read. */
const retryPause = 2000;

export interface TemplateKeysOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Called with a range whose keys have changed, or of which is known now why they can't be read. */
  readonly onChange: (range: string) => void;
}

type Keys = readonly (readonly [key: string, value: string])[];

interface Followed {
  readonly stop: AbortController;
  /** As last read: what can't be read any more stays as it was. */
  keys?: Keys;
  problem?: Reason;
}

/** The keys that the templates of this machine see, each range of them followed once. */
export class TemplateKeys {
  readonly #options: TemplateKeysOptions;
  readonly #followed = new Map<string, Followed>();

  constructor(options: TemplateKeysOptions) {
    this.#options = options;
  }

  /** These ranges are followed from now on, and no others. */
  follow(ranges: ReadonlySet<string>): void {
    for (const [range, { stop }] of this.#followed) {
      if (ranges.has(range)) continue;
      stop.abort();
      this.#followed.delete(range);
    }
    for (const range of ranges) if (!this.#followed.has(range)) this.#begin(range);
  }

  /** All keys of these ranges; undefined until each of them was read once. */
  of(ranges: readonly string[]): Keys | undefined {
    const found = ranges.map((range) => this.#followed.get(range)?.keys);
    return found.some((keys) => keys === undefined) ? undefined : found.flatMap((keys) => keys ?? []);
  }

  /** Why keys of these ranges are not known yet, if that is known. */
  problemOf(ranges: readonly string[]): Reason | undefined {
    return ranges.map((range) => this.#followed.get(range)?.problem).find((each) => each !== undefined);
  }

  #begin(range: string): void {
    const followed: Followed = { stop: new AbortController() };
    this.#followed.set(range, followed);
    if (`${range}/`.startsWith(`${servicesView}/`)) void this.#followServices(range, followed);
    else if (`${range}/`.startsWith(rootPrefix)) {
      followed.problem = `templates see no keys below ${range}; of Flotilla's own there is ${servicesView}`;
    } else void this.#followStored(range, followed);
  }

  #hear(range: string, followed: Followed, keys: Keys): void {
    delete followed.problem;
    followed.keys = keys;
    this.#options.onChange(range);
  }

  #missed(range: string, followed: Followed, problem: Reason): void {
    if (followed.problem === problem) return;
    followed.problem = problem;
    this.#options.onChange(range);
  }

  async #followStored(range: string, followed: Followed): Promise<void> {
    const { store, clock, log } = this.#options;
    const { signal } = followed.stop;
    const prefix = await this.#readablePart(range, followed);
    const options = {
      ...{ store, prefix, clock },
      log: (line: string) => {
        log(line);
        if (followed.keys === undefined && followed.problem === undefined)
          this.#missed(range, followed, line);
      },
      onChange: ({ entries }: { entries: ReadonlyMap<string, { readonly value: string }> }) => {
        const all = [...entries].map(([key, { value }]) => [key, value] as const);
        this.#hear(
          range,
          followed,
          all.filter(([key]) => !key.startsWith(rootPrefix)),
        );
      },
    };
    await mirror(options, signal);
  }

  /** `/app` begins `/apple` as well, of which a machine that may read `/app/` may know nothing. */
  async #readablePart(range: string, followed: Followed): Promise<string> {
    const below = range.endsWith('/') ? range : `${range}/`;
    try {
      await this.#options.store.list(range);
      return range;
    } catch (error) {
      if (!(error instanceof Forbidden)) return range;
    }
    await this.#options.store.list(below).catch((error: unknown) => {
      if (!(error instanceof Forbidden)) return;
      const fix = `name ${below} in flotilla:templateKeys and run \`npm run up\``;
      this.#missed(range, followed, `etcd does not let this machine read ${range}; ${fix}`);
    });
    return below;
  }

  async #followServices(range: string, followed: Followed): Promise<void> {
    const { store, clock, log } = this.#options;
    const { signal } = followed.stop;
    const pulse = new Pulse(clock);
    const following = mirror(
      { store, prefix: prefixes.service, clock, log, onChange: () => pulse.ring() },
      signal,
    );
    while (!signal.aborted) {
      let pause = idlePeriod;
      try {
        this.#hear(
          range,
          followed,
          (await this.#services()).filter(([key]) => key.startsWith(range)),
        );
      } catch (error) {
        if (followed.keys === undefined) this.#missed(range, followed, messageOf(error));
        pause = retryPause;
      }
      await pulse.wait(pause, signal);
      await sleep(clock, collectFor, signal);
    }
    await following;
  }

  async #services(): Promise<Keys> {
    const offered = offeredServices(await readCluster(this.#options.store));
    return offered.map(({ service, unit, machine, address, port }) => [
      `${servicesView}/${service}/${machine}:${unit}`,
      `${address}:${port}`,
    ]);
  }
}
