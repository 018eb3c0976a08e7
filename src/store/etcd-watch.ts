import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { Endpoints } from './endpoints.ts';
import { type WatchReply, watchMethod } from './rpc.ts';
import { type Change, Compacted, Unreachable } from './store.ts';
import { prefixEnd } from './transaction.ts';

/** A watch counts as dead when this many requests for a sign of life went unanswered. */
const patience = 3;

/**
 * One watch stream. A watch can die in silence (a proxy that forgot it, a member that hangs while its TCP
 * stack still answers), so it is asked for progress every
 * `progressPeriod` milliseconds and given up when that stays out.
 */
export async function* watchStream(
  endpoints: Endpoints,
  prefix: string,
  revision: bigint,
  progressPeriod: number,
  signal: AbortSignal,
): AsyncGenerator<Change> {
  const { stream, giveUp } = endpoints.stream(watchMethod);
  // Cancelling makes the stream emit an error after its iteration ended; nobody else would listen then.
  stream.on('error', () => {});
  const life = superviseLife(stream, progressPeriod);
  const stop = () => stream.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    stream.write(createRequest(prefix, revision));
    for await (const reply of stream) {
      life.sign();
      yield* changesOf(reply, prefix, revision);
    }
    throw new Error('etcd ended the stream');
  } catch (error) {
    if (signal.aborted || error instanceof Compacted) throw error;
    giveUp();
    const said = error instanceof Error ? error.message : String(error);
    throw new Unreachable(`the watch on ${prefix} broke: ${said}`, { cause: error });
  } finally {
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
    throw new Compacted(`revision ${revision} of ${prefix} is gone, the oldest is ${reply.compactRevision}`);
  }
  if (reply.canceled) throw new Error(`etcd cancelled it (${reply.cancelReason})`);
  return reply.changes;
}

/** Asks for a sign of life in every period and breaks the stream when none came for too long. */
function superviseLife(stream: ClientDuplexStream<object, WatchReply>, progressPeriod: number) {
  let last = performance.now();
  const timer = setInterval(() => {
    const silence = performance.now() - last;
    if (silence < patience * progressPeriod) return void stream.write({ progress_request: {} });
    clearInterval(timer);
    stream.destroy(new Error(`silent for ${Math.round(silence / 1000)} s`));
  }, progressPeriod);
  return {
    sign() {
      last = performance.now();
    },
    end: () => clearInterval(timer),
  };
}
