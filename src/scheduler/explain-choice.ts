import { metadataValue } from '../model/machine.ts';
import type { Reason } from '../model/reason.ts';
import { listText } from './blocker-text.ts';
import type { Board } from './board.ts';

/** Why a machine was chosen; load and instances as they were before the unit came. */
export function explainChoice(board: Board, unit: number, machine: number): Reason {
  const { units, peers } = board.relations;
  const { machineId } = units[unit]?.requirements ?? {};
  const [peer] = peers[unit] ?? [];
  if (machineId !== undefined) return `MachineID=${machineId}`;
  if (peer !== undefined) {
    const names = (peers[unit] ?? [])
      .filter(({ because }) => because === peer.because)
      .map(({ name }) => name);
    return `with ${listText(names)} (${peer.because})`;
  }
  const failed = board.marks.avoided.get(unit)?.has(machine);
  const least = `least loaded (${loadText(board, machine)})`;
  return `${familyText(board, unit, machine)}${least}${failed ? ', though it failed there: no other machine fits' : ''}`;
}

function familyText(board: Board, unit: number, machine: number): string {
  const { template, units } = board.relations;
  const family = template[unit];
  if (family === undefined) return '';
  const here = board.instances(family)?.[machine] ?? 0;
  const key = units[unit]?.flotilla.spread;
  const spreading = board.spreadingOf(unit);
  if (key === undefined || spreading === undefined) return `fewest instances of ${family} (${here}), `;
  const value = metadataValue(board.machines[machine]?.metadata ?? {}, key);
  if (value === undefined)
    return `no machine with metadata ${key} fits, fewest instances of ${family} (${here}), `;
  return `fewest instances of ${family} in ${key}=${value} (${spreading.countAt(machine)}) and there (${here}), `;
}

/** Counted in units where all weigh 1, which is what most clusters have. */
export function loadText(board: Board, machine: number): string {
  const count = board.unitsOn(machine).size;
  const load = board.load[machine] ?? 0;
  const units = `${count} ${count === 1 ? 'unit' : 'units'}`;
  return load === count ? units : `weight ${load}, ${units}`;
}
