import type { Opinion } from './second-opinion.ts';

/** Seconds; the table of how long a machine must be missing before its units move. */
export const graceSeconds = {
  /**
   * The normal case: its lease ran out, which took the lease's whole lifetime already. A third of `leaseSeconds` on top,
   * since machines cut off at one moment lose their leases that far apart, and only then it shows how many. It is
   * also the time for a second opinion.
   */
  missing: 3,
  /** A new leader knows nothing of the time before it. */
  newLeader: 3,
  /** This machine had lost its own lease, or just started: others may be coming back as well. */
  newSession: 30,
  /** The same when nothing answers at the missing machine's address: it is not one that is about to come back. */
  newSessionSilent: 10,
  /** Most machines gone at once is more likely a broken network than that many deaths. */
  most: 60,
  /**
   * A machine that answers is alive: too busy to renew its lease, or cut off from etcd alone. What runs there runs
   * on, and would run twice. But one whose programs hang for so long is of no use to anybody.
   */
  answering: 600,
  /**
   * Global units are nobody else's to take over, so a machine that was away finds them as it left them. Later
   * than that it was taken away, and what was decided for it goes too.
   */
  global: 600,
} as const;

/** What the leader has seen, on its own monotonic clock in milliseconds. */
export interface GraceInput {
  readonly now: number;
  /** When this machine became the leader. */
  readonly leaderSince: number;
  /** When this machine got the lease it has now. */
  readonly sessionSince: number;
  /** Machines that have a key now. */
  readonly present: number;
  /** When each missing machine's key was found gone. */
  readonly missing: ReadonlyMap<string, number>;
  /** What missing machines said when they were called. One that could not be called has none. */
  readonly opinions: ReadonlyMap<string, Opinion>;
}

/** Blindness is not death: when may units of the missing machines move? */
export interface Grace {
  /** Missing machines whose units stay where they are for now. */
  readonly held: ReadonlySet<string>;
  /**
   * Those of them that are held only because they answer. Units with `Fence=stop` may leave them: they are down
   * there, whatever became of the agent (docs/decisions/0016-fencing.md).
   */
  readonly answering: ReadonlySet<string>;
  /** Missing machines, held or not, whose global units stay decided. */
  readonly awaited: ReadonlySet<string>;
  /** When to look again, on the same clock; Infinity when nothing is held. */
  readonly until: number;
}

/** The latest of all rules that apply counts. */
export function graceOf(input: GraceInput): Grace {
  const { now, missing, opinions } = input;
  const ends = [...missing].map(([id, since]) => {
    const end = endOf(input, id, since);
    const opinion = opinions.get(id);
    const alive = opinion === 'answers' || opinion === 'asking';
    return { id, end, longest: Math.max(end, alive ? since + graceSeconds.answering * 1000 : end) };
  });
  const held = ends.filter(({ longest }) => longest > now);
  const recent = [...missing].filter(([, since]) => now - since < graceSeconds.global * 1000);
  return {
    held: new Set(held.map(({ id }) => id)),
    answering: new Set(held.flatMap(({ id, end }) => (end <= now ? id : []))),
    awaited: new Set([...held, ...recent.map(([id]) => ({ id }))].map(({ id }) => id)),
    until: Math.min(Number.POSITIVE_INFINITY, ...held.map(({ end, longest }) => (end > now ? end : longest))),
  };
}

/** When units of one missing machine may move, if it does not answer. */
function endOf(input: GraceInput, id: string, since: number): number {
  const { leaderSince, sessionSince, missing, opinions } = input;
  const { newSession, newSessionSilent } = graceSeconds;
  const rules: [since: number, seconds: number][] = [
    [since, graceSeconds.missing],
    [leaderSince, graceSeconds.newLeader],
    [sessionSince, opinions.get(id) === 'silent' ? newSessionSilent : newSession],
    [Math.max(...missing.values()), mostMissing(input) ? graceSeconds.most : 0],
  ];
  return Math.max(...rules.map(([from, seconds]) => from + seconds * 1000));
}

/** More than half of all known machines, and never a single one: a cluster of one or two has no majority. */
function mostMissing({ present, missing }: GraceInput): boolean {
  return missing.size > 1 && missing.size > present;
}
