import { createServer } from 'node:http';
import { type Clock, systemClock } from '../../../src/store/clock.ts';
import { FakeMachines } from '../fake-machines.ts';
import { Faults } from '../faults.ts';
import type { Machines } from '../machines.ts';
import { Trace } from '../trace.ts';
import { regions } from './catalog.ts';
import { type Cloud, createCloud, type Delays, usualDelays } from './cloud.ts';
import { Face } from './face.ts';
import { addDefaultProject } from './projects.ts';
import { RateLimit, type RateLimits, usualLimits } from './rate-limit.ts';
import { defaultVpc } from './vpcs.ts';

export interface ApiOptions {
  /** The token that is good; `test-token` by default. */
  readonly token?: string;
  readonly machines?: Machines;
  readonly delays?: Partial<Delays>;
  readonly limits?: Partial<RateLimits & { readonly droplets: number }>;
  readonly clock?: Clock;
  /**
   * Whether the account was never used: then the first VPC of a region becomes its default, which can't be deleted. By
   * default each region has one.
   */
  readonly fresh?: boolean;
}

/** DigitalOcean's API on a port of 127.0.0.1. */
export interface Api {
  /** What `DIGITALOCEAN_API_URL` and `digitalocean:apiEndpoint` take. */
  readonly url: string;
  readonly token: string;
  readonly trace: Trace;
  readonly faults: Faults;
  readonly inventory: Cloud['inventory'];
  /** What went wrong inside, such as a machine that could not be booted. */
  readonly failures: readonly Error[];
  close(): Promise<void>;
}

export async function startApi(options: ApiOptions = {}): Promise<Api> {
  const { token = 'test-token', limits = {}, clock = systemClock } = options;
  const closing = new AbortController();
  const cloud = createCloud({
    trace: new Trace(),
    faults: new Faults(),
    machines: options.machines ?? new FakeMachines(),
    delays: { ...usualDelays, ...options.delays },
    clock,
    dropletLimit: limits.droplets ?? 25,
    signal: closing.signal,
  });
  addDefaultProject(cloud);
  if (!options.fresh) for (const { slug } of regions) defaultVpc(cloud, slug);
  const face = new Face(cloud, token, new RateLimit({ ...usualLimits, ...limits }, clock));
  const server = createServer((request, response) => {
    // A caller that hangs up has no use for an answer.
    face.serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the API has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    token,
    trace: cloud.trace,
    faults: cloud.faults,
    inventory: cloud.inventory,
    failures: cloud.failures,
    close: () => {
      closing.abort();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
