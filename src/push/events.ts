import { type AgentApi, NoAnswer } from './api.ts';
import { type Clock, systemClock } from './follow.ts';
import { type EventLine, eventLine } from './replies.ts';

export interface EventsQuery {
  /** The store's revision of the first event that is wanted; all that the cluster still knows when it is left out. */
  readonly since?: string | undefined;
  /** Goes on with what happens from now on, until the signal fires. */
  readonly follow: boolean;
}

export interface EventsOptions {
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/** Milliseconds before the events are asked for again when their stream broke. */
const pause = 1000;

/**
 * What happened in the cluster, oldest first. While they are followed, an agent that goes away is left for another
 * one, which goes on after the last event that was seen.
 */
export async function* readEvents(
  api: Pick<AgentApi, 'lines'>,
  { since, follow }: EventsQuery,
  { log, signal, clock = systemClock }: EventsOptions,
): AsyncGenerator<EventLine> {
  let from = since;
  for (;;) {
    try {
      for await (const line of api.lines(pathOf(from, follow))) {
        if (line === '') continue;
        const event = parse(line);
        from = String(BigInt(event.revision) + 1n);
        yield event;
      }
      if (!follow) return;
    } catch (error) {
      if (!follow || !(error instanceof NoAnswer)) throw error;
      log(`${error.message}; asking again`);
    }
    await clock.sleep(pause, signal);
  }
}

function pathOf(since: string | undefined, follow: boolean): string {
  const query = new URLSearchParams({ ...(since && { since }), ...(follow && { follow: 'true' }) });
  return query.size === 0 ? '/flotilla/v1/events' : `/flotilla/v1/events?${query}`;
}

function parse(line: string): EventLine {
  try {
    return eventLine.parse(JSON.parse(line));
  } catch (cause) {
    throw new Error(
      'the agent sent an event that this version does not understand; `npm run up` brings the agents to this version',
      { cause },
    );
  }
}
