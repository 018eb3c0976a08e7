import * as z from 'zod';
import { clusterEventSchema } from '../model/api.ts';
import type { Immutable } from '../model/immutable.ts';
import { upCommand } from '../model/up-command.ts';
import type { AgentApi } from './api.ts';
import { NoAnswer } from './errors.ts';
import { type PollClock, systemClock } from './poll-clock.ts';

const eventLineSchema = clusterEventSchema.extend({ kind: z.string() });

/** A `ClusterEvent`, also of a kind that a newer agent knows and this version does not. */
export type EventLine = Immutable<z.infer<typeof eventLineSchema>>;

export interface EventsQuery {
  /** The store's revision of the first event that is wanted. */
  readonly since?: string | undefined;
  /** Instead: the id of an event right before it. Without both, all that the cluster still knows, or with `follow` what happens from now on. */
  readonly after?: string | undefined;
  /** Goes on with what happens from now on, until the signal fires. */
  readonly follow: boolean;
}

export interface EventsOptions {
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
  readonly clock?: PollClock;
}

/** Milliseconds before the events are asked for again when their stream broke. */
const pause = 1000;

/**
 * What happened in the cluster, oldest first. While they are followed, an agent that goes away is left for another
 * one, which goes on after the last line that was seen. So is a stream that an agent ended because it was read too
 * slowly.
 */
export async function* readEvents(
  api: Pick<AgentApi, 'lines'>,
  query: EventsQuery,
  { log, signal, clock = systemClock }: EventsOptions,
): AsyncGenerator<EventLine> {
  const { follow } = query;
  let place: Place = query;
  for (;;) {
    let ended = !follow;
    try {
      for await (const line of api.lines(pathOf(place, follow), { signal })) {
        if (line === '') continue;
        const event = parse(line);
        place = { after: event.id };
        if (event.kind === 'end') ended = false;
        if (event.kind !== 'begin' && event.kind !== 'end') yield event;
      }
      if (ended) return;
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      if (!follow) throw new NoAnswer(`${error.message}; run it again`, { cause: error });
      log(`${error.message}; asking again`);
    }
    await clock.sleep(pause, signal);
  }
}

type Place = Pick<EventsQuery, 'since' | 'after'>;

function pathOf({ since, after }: Place, follow: boolean): string {
  const query = new URLSearchParams({
    ...(since && { since }),
    ...(after && { after }),
    ...(follow && { follow: 'true' }),
  });
  return query.size === 0 ? '/flotilla/v1/events' : `/flotilla/v1/events?${query}`;
}

function parse(line: string): EventLine {
  try {
    return eventLineSchema.parse(JSON.parse(line));
  } catch (cause) {
    throw new Error(
      `the agent sent an event that this version does not understand; ${upCommand()} brings the agents to this version`,
      { cause },
    );
  }
}
