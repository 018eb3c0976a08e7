import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { formatFailure, trySeed } from './simulate.ts';
import type { Share, Verdict } from './worker.ts';

const usage = `npm run simulate -- --seeds N [--from S] [--jobs J]   runs N seeds, the first of which is S (default 1)
npm run simulate -- --seed S                          runs one seed and prints its course; of one that fails, the
                                                      shortest that was found`;

/** Seeds between two lines about how far it is. */
const lineEvery = 500;

/** Exit status 0 when every seed passed, 1 when one failed, 2 on misuse. */
async function main(): Promise<number> {
  const number = { type: 'string' } as const;
  const { values } = parseArgs({ options: { seed: number, seeds: number, from: number, jobs: number } });
  if (!Object.values(values).every((value) => /^[1-9][0-9]{0,8}$/.test(value))) return misuse();
  const read = (value: string | undefined) => (value === undefined ? undefined : Number(value));
  const [seed, seeds, from = 1] = [values.seed, values.seeds, values.from].map(read);
  const jobs = read(values.jobs) ?? availableParallelism();
  if (seed !== undefined) return seeds === undefined ? runOne(seed) : misuse();
  return seeds === undefined ? misuse() : runMany(from, from + seeds - 1, Math.min(jobs, seeds));
}

function misuse(): number {
  console.error(usage);
  return 2;
}

async function runOne(seed: number): Promise<number> {
  const tried = await trySeed(seed);
  const failed = 'violation' in tried;
  console.log(failed ? formatFailure(tried) : `${tried.trace.join('\n')}\nseed ${seed} passed`);
  return failed ? 1 : 0;
}

async function runMany(first: number, last: number, jobs: number): Promise<number> {
  const began = performance.now();
  const count = last - first + 1;
  let [done, failed] = [0, 0];
  const tell = ({ report }: Verdict) => {
    done += 1;
    if (report !== undefined) failed += 1;
    if (report !== undefined) console.log(report);
    if (done % lineEvery === 0) console.log(`${done} of ${count} seeds, ${failed} failed`);
  };
  const shares = Array.from(
    { length: jobs },
    (_, job): Share => ({ first: first + job, last, stride: jobs }),
  );
  await Promise.all(shares.map((share) => work(share, tell)));
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`${done - failed} of ${count} seeds passed in ${seconds} s`);
  return done === count && failed === 0 ? 0 : 1;
}

async function work(share: Share, tell: (verdict: Verdict) => void): Promise<void> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: share });
  worker.on('message', tell);
  await once(worker, 'exit');
}

process.exitCode = await main();
