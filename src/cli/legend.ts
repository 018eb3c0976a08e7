import type { MachineView } from '../model/api.ts';
import type { Machine } from '../model/machine.ts';
import { shortHash } from '../push/diff.ts';
import { type Cell, nothing } from './table.ts';

/** A machine as a row names it; one that is not alive has nothing but its id. */
export interface MachineReference {
  readonly id: string;
  readonly name: string | null;
  readonly address: string | null;
}

export function machineReference(machines: readonly Machine[], id: string): MachineReference {
  const machine = machines.find((each) => each.id === id);
  return { id, name: machine?.name ?? null, address: machine?.address ?? null };
}

/** fleetctl's short form of a machine id. */
export function idLegend(id: string, full: boolean): string {
  return full ? id : `${id.slice(0, 8)}...`;
}

/** fleetctl's form of a machine in lists of units: `113f16a7.../10.0.0.1`. */
export function machineLegend({ id, address }: MachineReference, full: boolean): string {
  return address === null ? idLegend(id, full) : `${idLegend(id, full)}/${address}`;
}

/** Whether a machine is kept from new units, and why. */
export function cordonNote({ cordon }: Pick<MachineView, 'cordon'>): Cell {
  if (!cordon) return nothing;
  return { text: `${cordon.drain ? 'draining' : 'cordoned'}: ${cordon.reason}`, style: 'yellow' };
}

export function hashLegend(hash: string, full: boolean): string {
  return full ? hash : shortHash(hash);
}
