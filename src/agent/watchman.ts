import type { ClusterState } from '../store/cluster-state.ts';
import { missingMachines } from './cluster-snapshot.ts';
import { type Grace, graceOf } from './grace.ts';
import type { Log } from './log.ts';

/** Milliseconds a missing machine is remembered that has no units left. */
const rememberFor = 300_000;

/** Remembers which machines the leader has seen come and go. */
export class Watchman {
  readonly #since: { readonly leaderSince: number; readonly sessionSince: number };
  readonly #log: Log;
  #present: ReadonlySet<string> = new Set();
  #missing: ReadonlyMap<string, number> = new Map();
  #held = '';

  constructor(since: { leaderSince: number; sessionSince: number }, log: Log) {
    this.#since = since;
    this.#log = log;
  }

  /** Takes note of who is there at `now` (milliseconds), and says whose units must stay. */
  look(cluster: ClusterState, now: number): Grace {
    const withUnits = missingMachines(cluster);
    const present = new Set(cluster.machines.map(({ id }) => id));
    const candidates = new Set([...withUnits, ...this.#present, ...this.#missing.keys()]);
    const missing = [...candidates]
      .filter((id) => !present.has(id))
      .map((id): [string, number] => [id, this.#missing.get(id) ?? now])
      .filter(([id, since]) => withUnits.has(id) || now - since < rememberFor);
    this.#present = present;
    this.#missing = new Map(missing);
    const grace = graceOf({ now, ...this.#since, present: present.size, missing: this.#missing });
    this.#report(grace, now);
    return grace;
  }

  #report({ held, until }: Grace, now: number): void {
    const names = [...held].sort().join(', ');
    if (names !== '' && names !== this.#held) {
      const seconds = Math.ceil(((until ?? now) - now) / 1000);
      this.#log(`missing: ${names}; their units stay for another ${seconds} s at least`);
    }
    this.#held = names;
  }
}
