import { type ClusterState, machineNames } from '../../store/cluster-state.ts';
import type { Log } from '../log.ts';
import { missingMachines } from './cluster-snapshot.ts';
import { type Grace, graceOf } from './grace.ts';
import type { Opinion, SecondOpinion } from './second-opinion.ts';

/** Milliseconds a missing machine is remembered that has no units left. */
const rememberFor = 300_000;

/** Remembers which machines the leader has seen come and go. */
export class Watchman {
  readonly #since: { readonly leaderSince: number; readonly sessionSince: number };
  readonly #secondOpinion: SecondOpinion;
  readonly #log: Log;
  #present: ReadonlySet<string> = new Set();
  #missing: ReadonlyMap<string, number> = new Map();
  #said = '';

  constructor(since: { leaderSince: number; sessionSince: number }, secondOpinion: SecondOpinion, log: Log) {
    this.#since = since;
    this.#secondOpinion = secondOpinion;
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
    const { free, taken } = addressesOf(withUnits, cluster);
    const opinions = new Map([...this.#secondOpinion.about(free), ...taken]);
    const grace = graceOf({ now, ...this.#since, present: present.size, missing: this.#missing, opinions });
    this.#report(grace, opinions, cluster, now);
    return grace;
  }

  /** Once for every set of machines and answers, not at every look. */
  #report(
    { held, until }: Grace,
    opinions: ReadonlyMap<string, Opinion>,
    cluster: ClusterState,
    now: number,
  ): void {
    const nameOf = machineNames(cluster);
    const names = [...held].sort().map((id) => {
      const name = nameOf(id);
      return opinions.get(id) === 'answers' ? `${name} (answers without a lease)` : name;
    });
    const said = names.join(', ');
    if (said !== '' && said !== this.#said) {
      const seconds = Math.ceil((until - now) / 1000);
      this.#log(`missing: ${said}; their units stay for another ${seconds} s at least`);
    }
    this.#said = said;
  }
}

interface Addresses {
  /** Where to call machines. */
  readonly free: ReadonlyMap<string, string>;
  /** Machines at whose address another one is a member: it would answer for them, so they can only be gone. */
  readonly taken: ReadonlyMap<string, Opinion>;
}

function addressesOf(ids: ReadonlySet<string>, { machines, whereabouts }: ClusterState): Addresses {
  const present = new Set(machines.map(({ address }) => address));
  const free = new Map<string, string>();
  const taken = new Map<string, Opinion>();
  for (const id of ids) {
    const address = whereabouts.get(id)?.address;
    if (address === undefined) continue;
    if (present.has(address)) taken.set(id, 'silent');
    else free.set(id, address);
  }
  return { free, taken };
}
