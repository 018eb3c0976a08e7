import type { UnitView } from '../model/api.ts';
import { machineNames } from '../push/diff.ts';
import type { Cluster } from './cluster.ts';
import type { Context } from './context.ts';
import { waitUntil } from './wait-until.ts';

/** systemd's active states in which nothing of a unit runs. */
const atRest: ReadonlySet<string> = new Set(['inactive', 'failed']);

/** Waits until no machine runs the units any more, though machines may have them. */
export function waitUntilStopped(
  context: Context,
  cluster: Cluster,
  names: readonly string[],
  seconds: number,
): Promise<void> {
  return waitForUnits(context, cluster, names, seconds, running);
}

/** Waits until no machine has the units any more. */
export function waitUntilUnloaded(
  context: Context,
  cluster: Cluster,
  names: readonly string[],
  seconds: number,
): Promise<void> {
  return waitForUnits(context, cluster, names, seconds, present);
}

type Look = (unit: UnitView, machineName: (id: string) => string) => readonly string[];

function waitForUnits(
  context: Context,
  { api }: Cluster,
  names: readonly string[],
  seconds: number,
  look: Look,
): Promise<void> {
  const wanted = new Set(names);
  return waitUntil(context, seconds, async () => {
    const { units } = await api.units();
    const { machines } = await api.machines();
    const machineName = machineNames(machines);
    const meant = units.filter(({ name }) => wanted.has(name));
    return meant.flatMap((unit) => look(unit, machineName).map((clause) => `${unit.name}: ${clause}`));
  });
}

function running({ placements, states }: UnitView, machineName: (id: string) => string): readonly string[] {
  const untold = placements.filter(({ targetState }) => targetState === 'launched');
  if (untold.length > 0) {
    return untold.map(({ machineId }) => `the engine has not told ${machineName(machineId)} yet`);
  }
  return states
    .filter(({ active }) => !atRest.has(active))
    .map(({ machineId, active, sub }) => `${active} (${sub}) on ${machineName(machineId)}`);
}

function present({ placements, states }: UnitView, machineName: (id: string) => string): readonly string[] {
  const ids = new Set([...placements, ...states].map(({ machineId }) => machineId));
  return [...ids].map((id) => `still on ${machineName(id)}`);
}
