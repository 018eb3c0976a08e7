import type { ClusterEvent } from '../../model/api.ts';
import { readCluster } from '../../store/cluster-state.ts';
import { type Change, Compacted, type Store } from '../../store/store.ts';
import { ApiError } from './api-error.ts';
import { openChanges, type Span, spanToNow } from './changes.ts';
import { EventReader } from './event-reader.ts';
import { parseQuery } from './request-body.ts';
import type { ApiRequest, HandlerContext, Reply } from './route.ts';
import { eventsQuery } from './schemas.ts';

/**
 * What happens in the cluster, or, without `follow`, what happened until now. Where neither `since` nor `after` is
 * given, events that are followed begin now, and others with the oldest that the store still has.
 * @throws {Compacted} when the store does not have the beginning any more.
 */
export async function events({ store }: HandlerContext, { query, signal }: ApiRequest): Promise<Reply> {
  const asked = parseQuery(eventsQuery, query);
  const follow = asked.follow === 'true';
  const cluster = await readCluster(store);
  const begin = beginOf(asked) ?? (follow ? afterAll(cluster.revision) : undefined);
  const from = begin?.from ?? oldest;
  const changes = follow
    ? await openChanges(store, { from }, signal)
    : await openPast(store, await spanToNow(store, from), signal);
  const fromNow = follow && from > cluster.revision;
  const telling = new Telling(begin);
  const lines = telling.tell(changes, new EventReader(cluster, { fromNow }), follow);
  return { status: 200, lines, last: (why) => telling.last(why) };
}

/** To etcd, revision 0 would mean "now". */
const oldest = 1n;

/** Where a stream begins. */
interface Begin {
  /** The revision whose changes are read first. */
  readonly from: bigint;
  /** How many changes of it were told before. */
  readonly told: number;
  /** The id of a line right before the first. */
  readonly id: string;
}

function beginOf({ since, after }: { since?: string; after?: string }): Begin | undefined {
  if (since !== undefined && after !== undefined) {
    throw new ApiError(400, 'since and after: both say where to begin; give one of them');
  }
  if (since !== undefined) return afterAll(BigInt(since) - 1n);
  if (after === undefined) return undefined;
  const [revision = '', told] = after.split('.');
  if (told === undefined) return afterAll(BigInt(revision));
  return { from: BigInt(revision), told: Number(told), id: after };
}

function afterAll(revision: bigint): Begin {
  const from = revision < oldest ? oldest : revision + 1n;
  return { from, told: 0, id: String(from - 1n) };
}

/** Whoever asks for the very first revision means the oldest that there is. */
async function openPast(store: Store, span: Span, signal: AbortSignal): Promise<AsyncIterable<Change>> {
  try {
    return await openChanges(store, span, signal);
  } catch (error) {
    if (!(error instanceof Compacted) || error.oldest === undefined || span.from > oldest) throw error;
    return await openChanges(store, { ...span, from: error.oldest }, signal);
  }
}

/** One stream of events, which knows how far it has come. */
class Telling {
  readonly #begin: Begin;
  #id: string;

  constructor(begin: Begin = afterAll(0n)) {
    this.#begin = begin;
    this.#id = begin.id;
  }

  async *tell(
    changes: AsyncIterable<Change>,
    reader: EventReader,
    follow: boolean,
  ): AsyncGenerator<ClusterEvent> {
    if (follow) yield this.#line('begin', `what happens after ${this.#id} follows`);
    for await (const change of changes) {
      for (const event of reader.read(change)) {
        if (this.#wasTold(event)) continue;
        this.#id = event.id;
        yield event;
      }
    }
  }

  last(why: string): ClusterEvent {
    return this.#line('end', `${why}; ask again with after=${this.#id}`);
  }

  /** A revision is read from its first change on: why units leave stands there, before those that leave. */
  #wasTold({ id, revision }: ClusterEvent): boolean {
    const { from, told } = this.#begin;
    return BigInt(revision) === from && Number(id.split('.')[1]) <= told;
  }

  #line(kind: 'begin' | 'end', message: string): ClusterEvent {
    return { id: this.#id, revision: this.#id.split('.', 1)[0] ?? '', kind, message };
  }
}
