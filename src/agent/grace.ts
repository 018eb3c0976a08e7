/** Seconds; the table of how long a machine must be missing before its units move. */
export const graceSeconds = {
  /**
   * The normal case: its lease ran out, which took the lease's whole lifetime already. A third of that on top,
   * since machines cut off at one moment lose their leases that far apart, and only then it shows how many.
   */
  missing: 4,
  /** A new leader knows nothing of the time before it. */
  newLeader: 5,
  /** This machine had lost its own lease, or just started: others may be coming back as well. */
  newSession: 30,
  /** Most machines gone at once is more likely a broken network than that many deaths. */
  most: 60,
  /**
   * Global units are nobody else's to take over, so a machine that was away finds them as it left them. Later
   * than that it was taken away, and what was decided for it goes too.
   */
  global: 600,
} as const;

/** What the leader has seen, on its own monotonic clock in milliseconds. */
export interface Sightings {
  readonly now: number;
  /** When this machine became the leader. */
  readonly leaderSince: number;
  /** When this machine got the lease it has now. */
  readonly sessionSince: number;
  /** Machines that have a key now. */
  readonly present: number;
  /** When each missing machine's key was found gone. */
  readonly missing: ReadonlyMap<string, number>;
}

/** Blindness is not death: when may units of the missing machines move? */
export interface Grace {
  /** Missing machines whose units stay where they are for now. */
  readonly held: ReadonlySet<string>;
  /** Missing machines, held or not, whose global units stay decided. */
  readonly awaited: ReadonlySet<string>;
  /** When to look again, on the same clock; undefined when nothing is held. */
  readonly until?: number;
}

/** The latest of all rules that apply counts. */
export function graceOf(sightings: Sightings): Grace {
  const { now, leaderSince, sessionSince, missing } = sightings;
  const floor = Math.max(
    leaderSince + graceSeconds.newLeader * 1000,
    sessionSince + graceSeconds.newSession * 1000,
    mostMissing(sightings) ? Math.max(...missing.values()) + graceSeconds.most * 1000 : 0,
  );
  const ends = [...missing].map(([id, since]): [string, number] => [
    id,
    Math.max(since + graceSeconds.missing * 1000, floor),
  ]);
  const waiting = ends.filter(([, end]) => end > now);
  const held = new Set(waiting.map(([id]) => id));
  const recent = [...missing].filter(([, since]) => now - since < graceSeconds.global * 1000);
  const awaited = new Set([...held, ...recent.map(([id]) => id)]);
  if (waiting.length === 0) return { held, awaited };
  return { held, awaited, until: Math.min(...waiting.map(([, end]) => end)) };
}

/** More than half of all known machines, and never a single one: a cluster of one or two has no majority. */
function mostMissing({ present, missing }: Sightings): boolean {
  return missing.size > 1 && missing.size > present;
}
