import type { ManagedUnit } from '../../src/agent/systemd/systemd.ts';
import type { Finding } from './finding.ts';
import type { Order } from './orders.ts';

/** An agent asks systemd to stop a unit. */
export interface Stop {
  readonly machine: string;
  readonly unit: ManagedUnit;
  /** What the agent may be acting on. */
  readonly orders: readonly Order[];
  readonly fenced: boolean;
  /** Seconds since the store last confirmed the machine's lease to the agent. */
  readonly leaseAge: number;
}

/** An agent asks systemd to start a unit. */
export interface Start {
  readonly machine: string;
  readonly name: string;
  readonly unit: ManagedUnit | undefined;
  readonly orders: readonly Order[];
}

/** What the unit that is started names, and what its machine's Docker has. */
export interface ImagedStart {
  readonly machine: string;
  readonly name: string;
  readonly images: readonly string[];
  readonly there: ReadonlyMap<string, string>;
}

/** Seconds without a confirmed lease after which a fenced unit may be stopped. */
const fenceFrom = 3;

/** An agent stops what it was told to stop, what it was told to replace, and what it must fence. */
export function stopsHaveOrders({ machine, unit, orders, fenced, leaseAge }: Stop): Finding {
  if (unit.active !== 'active') return undefined;
  const { name, hash } = unit;
  if (fenced && leaseAge >= fenceFrom) return undefined;
  const asked = orders.some((order) => {
    const wanted = order.get(name);
    return wanted?.hash !== hash || wanted.targetState !== 'launched';
  });
  return asked ? undefined : `${machine} stopped ${name}, which nobody had asked for`;
}

/** What an agent has stopped, and all that it has logged. */
export interface StopRecord {
  readonly machine: string;
  readonly unit: string;
  readonly log: readonly string[];
}

export function stopsHaveReasons({ machine, unit, log }: StopRecord): Finding {
  const said = log.some((line) => line.startsWith(`stop ${unit}: `) && line.length > `stop ${unit}: `.length);
  return said ? undefined : `${machine} stopped ${unit} and logged no reason`;
}

/** A unit is started where its images are. */
export function startsHaveImages({ machine, name, images, there }: ImagedStart): Finding {
  const lacking = images.filter((image) => !there.has(image));
  return lacking.length === 0 ? undefined : `${machine} started ${name} without ${lacking.join(', ')}`;
}

/** An agent starts what it was told to start, once: a restart of the agent is no reason to start anything. */
export function startsHaveOrders({ machine, name, unit, orders }: Start): Finding {
  if (unit?.started) return `${machine} started ${name} (${unit.active}) a second time`;
  const asked = orders.some((order) => order.get(name)?.targetState === 'launched');
  return asked ? undefined : `${machine} started ${name}, which nobody had asked for`;
}

/** Never two live copies of what says `Fence=stop`. `live`: the machines where it is, or is about to be. */
export function fencedUnitsLiveOnce({ unit, live }: { unit: string; live: readonly string[] }): Finding {
  return live.length > 1 ? `fenced ${unit} is live on ${live.join(' and ')}` : undefined;
}
