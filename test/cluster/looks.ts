import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type Cluster, openCluster } from '../../src/cli/cluster.ts';
import { run as flotilla } from '../../src/cli/program.ts';
import { readStack } from '../../src/cli/stack.ts';
import { reminding } from '../../src/model/remind.ts';
import { systemClock } from '../../src/push/poll-clock.ts';
import type { Terminal } from '../../src/ssh/interactive.ts';
import type { Run } from './run.ts';

/**
 * `flotilla` within this process. Tests ask hundreds of times, and two programs' starts for each question are, on a
 * computer that emulates the machines asked, most of the time of a run. What is kept between two questions, until
 * `forget`, are the answer of Pulumi to where the machines are, and the connections to them.
 */
export class Looks {
  readonly #place: { readonly clone: string; readonly name: string };
  #cluster: Promise<Cluster> | undefined;
  /** Looks under way, and what each of them runs. */
  readonly #looking = new Map<Promise<unknown>, string>();

  constructor(place: { readonly clone: string; readonly name: string }) {
    this.#place = place;
  }

  async flotilla(args: readonly string[]): Promise<Run> {
    const started = performance.now();
    const said = { output: '', stdout: '' };
    const stream = (...into: readonly (keyof typeof said)[]) =>
      new PassThrough({ encoding: 'utf8' }).on('data', (text: string) => {
        for (const name of into) said[name] += text;
      });
    const [stdout, stderr] = [stream('output', 'stdout'), stream('output')];
    const looking = this.#run(args, { stdin: Readable.from([]), stdout, stderr });
    this.#looking.set(looking, args.join(' '));
    const status = await looking;
    this.#looking.delete(looking);
    await Promise.all([stdout.end(), stderr.end()].map((ended) => finished(ended)));
    return { status, ...said, seconds: (performance.now() - started) / 1000 };
  }

  /**
   * Machines may come, go and change now: the next look asks Pulumi and connects anew. Waits for looks under way, so
   * what watches a cluster for minutes is no look but a program, `stack.flotilla`.
   */
  async forget(): Promise<void> {
    const what = () => `the end of: flotilla ${[...this.#looking.values()].join('; flotilla ')}`;
    await reminding(console.error, what, Promise.all(this.#looking.keys()));
    const opened = this.#cluster;
    this.#cluster = undefined;
    await opened?.then((cluster) => cluster.close()).catch(() => undefined);
  }

  #run(args: readonly string[], terminal: Terminal): Promise<number> {
    const { clone, name } = this.#place;
    return flotilla(args, {
      terminal,
      env: { ...process.env, FLOTILLA_STACK: name },
      signal: new AbortController().signal,
      clock: systemClock,
      clone,
      openCluster: async () => ({ ...(await this.#open()), close: async () => undefined }),
      probes: () => Promise.reject(new Error('looks are at clusters, not at this computer')),
      outcome: { status: 0, debug: false },
    });
  }

  #open(): Promise<Cluster> {
    if (this.#cluster) return this.#cluster;
    const { clone, name } = this.#place;
    const [log, { signal }] = [() => undefined, new AbortController()];
    const query = { stack: name, folder: clone, pulumi: join(clone, 'bin', 'pulumi'), log, signal };
    const opened = openCluster(query, () => readStack(query));
    this.#cluster = opened;
    // A stack without a cluster may have one soon.
    opened.catch(() => {
      if (this.#cluster === opened) this.#cluster = undefined;
    });
    return opened;
  }
}
