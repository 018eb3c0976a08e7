import { parentPort, workerData } from 'node:worker_threads';
import { formatFailure, trySeed } from './simulate.ts';

/** Seeds of one worker: `first` and every `stride`th after it, up to `last`. */
export interface Share {
  readonly first: number;
  readonly last: number;
  readonly stride: number;
}

/** What a worker says of each of its seeds. */
export interface Verdict {
  readonly seed: number;
  /** The report of a failure. */
  readonly report?: string;
}

// The thread that starts a worker is this very program.
const { first, last, stride }: Share = workerData;
for (let seed = first; seed <= last; seed += stride) {
  const tried = await trySeed(seed);
  const verdict: Verdict = { seed, ...('violation' in tried && { report: formatFailure(tried) }) };
  parentPort?.postMessage(verdict);
}
