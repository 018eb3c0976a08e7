import { components, type Graph } from '../unit/graph.ts';
import type { WantedUnit } from './snapshot.ts';

/** A unit that another must be with. */
export interface Peer {
  readonly name: string;
  /** undefined when it is not an active unit. */
  readonly number: number | undefined;
  readonly because: PeerReason;
}

/** `MachineOf=`, or that the unit is a socket, timer, path or automount and the other what it starts. */
export type PeerReason = 'MachineOf' | 'which it starts';

/**
 * By unit: the units it must be with. What a timer or socket starts counts only if the cluster has it, since the
 * machine may have a unit of its own by that name; and not where it leads back to the unit itself, as it does
 * when the service says `MachineOf=` its timer: that ties the two together already. Nor does a global unit follow
 * one that is not: it is on every machine that fits, as its file says.
 */
export function peersOf(units: readonly WantedUnit[], numberOf: ReadonlyMap<string, number>): Peer[][] {
  const asked = units.map(({ requirements }) =>
    requirements.machineOf.map((name): Peer => ({ name, number: numberOf.get(name), because: 'MachineOf' })),
  );
  const started = units.map(({ name, triggers, requirements }) => {
    const number = triggers === undefined ? undefined : numberOf.get(triggers);
    const tied = triggers === name || requirements.machineOf.includes(triggers ?? '');
    const everywhere = requirements.global && !units[number ?? -1]?.requirements.global;
    return tied || everywhere ? undefined : number;
  });
  if (started.every((number) => number === undefined)) return asked;
  const circle = componentNumbers(asked.map((peers, unit) => numbers(peers).concat(started[unit] ?? [])));
  return asked.map((peers, unit) => {
    const number = started[unit];
    if (number === undefined || circle[number] === circle[unit]) return peers;
    return [...peers, { name: units[number]?.name ?? '', number, because: 'which it starts' }];
  });
}

/** Peers that are among the units. */
export function numbers(peers: readonly Peer[]): number[] {
  return peers.flatMap(({ number }) => number ?? []);
}

/** By node: which of the groups of nodes that all reach one another it is in. */
export function componentNumbers(graph: Graph): Int32Array {
  const numbers = new Int32Array(graph.length);
  components(graph).forEach((nodes, number) => {
    for (const node of nodes) numbers[node] = number;
  });
  return numbers;
}
