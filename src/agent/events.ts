import type { ClusterEvent } from '../model/api.ts';
import { readCluster } from '../store/cluster-state.ts';
import { type Change, Compacted, type Store } from '../store/store.ts';
import { openChanges, type Span, spanToNow } from './changes.ts';
import { EventReader } from './event-reader.ts';
import { parseQuery } from './request-body.ts';
import type { ApiRequest, HandlerContext, Reply } from './route.ts';
import { eventsQuery } from './schemas.ts';

/**
 * What happens in the cluster, or, without `follow`, what happened until now. Where `since` is left out, events
 * that are followed begin now, and others with the oldest that the store still has.
 * @throws {Compacted} when the store does not have `since` any more.
 */
export async function events({ store }: HandlerContext, { query, signal }: ApiRequest): Promise<Reply> {
  const { since, follow } = parseQuery(eventsQuery, query);
  const cluster = await readCluster(store);
  const changes =
    follow === 'true'
      ? await openChanges(store, { from: readSince(since) ?? cluster.revision + 1n }, signal)
      : await openPast(store, await spanToNow(store, readSince(since) ?? oldest), signal);
  const reader = new EventReader(cluster, { fromNow: since === undefined && follow === 'true' });
  return { status: 200, lines: tell(changes, reader) };
}

/** To etcd, revision 0 would mean "now". */
const oldest = 1n;

function readSince(since: string | undefined): bigint | undefined {
  if (since === undefined) return undefined;
  return BigInt(since) > oldest ? BigInt(since) : oldest;
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

async function* tell(changes: AsyncIterable<Change>, reader: EventReader): AsyncGenerator<ClusterEvent> {
  for await (const change of changes) yield* reader.read(change);
}
