import { randomUUID } from 'node:crypto';
import { type Clock, sleep } from '../../../src/store/clock.ts';
import type { Faults } from '../faults.ts';
import type { Machines } from '../machines.ts';
import type { Trace } from '../trace.ts';
import { Inventory } from './inventory.ts';

/** Milliseconds that things take. */
export interface Delays {
  /** From a machine's boot until its droplet is `active`. */
  readonly boot: number;
  /** Power, size and name of a droplet. */
  readonly action: number;
  /** From `DELETE` until a droplet or load balancer is gone. */
  readonly destroy: number;
  /** Until a load balancer is `active`, and a firewall applied. */
  readonly network: number;
  /** Until a droplet that dies does. */
  readonly death: number;
}

/** About what DigitalOcean needs. */
export const usualDelays: Delays = {
  boot: 20_000,
  action: 5000,
  destroy: 5000,
  network: 20_000,
  death: 30_000,
};

/** What all parts of the API share. */
export interface Cloud {
  readonly inventory: Inventory;
  readonly trace: Trace;
  readonly faults: Faults;
  readonly machines: Machines;
  readonly delays: Delays;
  readonly clock: Clock;
  /** Most droplets that the account may have. */
  readonly dropletLimit: number;
  /** Aborted when the API is closed: nothing happens any more. */
  readonly signal: AbortSignal;
  number(): number;
  uuid(): string;
  /** Lets something happen while the caller has had its answer. */
  background(work: () => Promise<void>): void;
  /** Notes what may not happen: a fault of this cloud, or of its machines. */
  fail(error: unknown): void;
  readonly failures: readonly Error[];
}

export type CloudOptions = Pick<
  Cloud,
  'trace' | 'faults' | 'machines' | 'delays' | 'clock' | 'dropletLimit' | 'signal'
>;

export function createCloud(options: CloudOptions): Cloud {
  const failures: Error[] = [];
  // DigitalOcean's numbers are large, which JSON readers must not mind, and grow.
  let last = 400_000_000;
  const fail = (error: unknown) =>
    void failures.push(error instanceof Error ? error : new Error(String(error)));
  return {
    ...options,
    inventory: new Inventory(),
    failures,
    fail,
    number() {
      last += 1;
      return last;
    },
    uuid: randomUUID,
    background(work) {
      work().catch(fail);
    },
  };
}

/** Waits; false when the API was closed meanwhile. */
export async function pause({ clock, signal }: Cloud, ms: number): Promise<boolean> {
  await sleep(clock, ms, signal);
  return !signal.aborted;
}

export const now = () => new Date().toISOString().replace(/\.\d+Z$/, 'Z');
