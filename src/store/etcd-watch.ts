import type { Endpoints } from './endpoints.ts';
import { reasonOf, unknownHere } from './failure.ts';
import { Liveness } from './liveness.ts';
import { type WatchReply, watchMethod } from './rpc.ts';
import { type Change, Compacted, Forbidden, Unreachable } from './store.ts';
import { prefixEnd } from './transaction.ts';

/** One watch stream, given up when it falls silent, see `Liveness`: `progressPeriod` is its period, in milliseconds. */
export async function* watchStream(
  endpoints: Endpoints,
  prefix: string,
  revision: bigint,
  progressPeriod: number,
  signal: AbortSignal,
  onProgress?: (revision: bigint) => void,
): AsyncGenerator<Change> {
  const { stream, answered, heard, giveUp, onDoubt } = endpoints.stream(watchMethod);
  // Cancelling makes the stream emit an error after its iteration ended; nobody else would listen then.
  stream.on('error', () => {});
  const life = new Liveness({
    period: progressPeriod,
    heard,
    ask: () => void stream.write({ progress_request: {} }),
    dead: (why) => void stream.destroy(why),
  });
  const endDoubt = onDoubt(() => life.doubt());
  const stop = () => stream.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    stream.write(createRequest(prefix, revision));
    if (onProgress) life.hurry();
    for await (const reply of stream) {
      life.sign();
      answered();
      const changes = changesOf(reply, prefix, revision);
      life.hold();
      yield* changes;
      life.release();
      if (reply.progress === undefined) continue;
      life.relax();
      onProgress?.(reply.progress);
    }
    throw new Error('etcd ended the stream');
  } catch (error) {
    if (signal.aborted || error instanceof Compacted || error instanceof Forbidden) throw error;
    giveUp();
    throw new Unreachable(`the watch on ${prefix} broke: ${reasonOf(error)}`, { cause: error });
  } finally {
    endDoubt();
    life.end();
    signal.removeEventListener('abort', stop);
    stream.cancel();
  }
}

function createRequest(prefix: string, revision: bigint): object {
  const range = { key: prefix || '\0', range_end: prefixEnd(prefix), start_revision: String(revision) };
  return { create_request: range };
}

function changesOf(reply: WatchReply, prefix: string, revision: bigint): readonly Change[] {
  if (reply.compactRevision > 0n) {
    const oldest = reply.compactRevision;
    throw new Compacted(`revision ${revision} of ${prefix} is gone, the oldest is ${oldest}`, oldest);
  }
  if (/permission denied/.test(reply.cancelReason)) throw unknownHere();
  if (reply.canceled) throw new Error(`etcd cancelled it (${reply.cancelReason})`);
  return reply.changes;
}
