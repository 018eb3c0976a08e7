import type { UnitView } from '../model/api.ts';
import type { Machine } from '../model/machine.ts';
import type { Cluster } from './cluster.ts';
import type { Context } from './context.ts';
import { machineLegend, machineReference } from './legend.ts';
import { print } from './say.ts';

/** Prints fleetctl's line for each unit: `Unit hello.service launched on 113f16a7.../10.0.0.1`. Returns status 0. */
export async function reportUnits(
  context: Context,
  { api }: Cluster,
  names: readonly string[],
): Promise<number> {
  const { units } = await api.units();
  const { machines } = await api.machines();
  const views = new Map(units.map((unit) => [unit.name, unit]));
  for (const name of names) {
    const view = views.get(name);
    if (!view) continue;
    const where = placesOf(view, machines);
    print(context, `Unit ${name} ${view.targetState}${where && ` on ${where}`}`);
  }
  return 0;
}

function placesOf({ placements }: UnitView, machines: readonly Machine[]): string {
  return placements
    .map(({ machineId }) => machineLegend(machineReference(machines, machineId), false))
    .join(', ');
}
