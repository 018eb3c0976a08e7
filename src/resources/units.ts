import { join } from 'node:path';
import { InvalidInput, type Problem } from '../model/problem.ts';
import type { ClusterPlan } from '../plan/plan.ts';
import { type CheckedUnit, checkUnits } from '../unit/check.ts';
import type { Cluster } from './cluster.ts';
import { readUnitFolder, type UnitFolder } from './unit-folder.ts';
import { UnitSet } from './unit-set.ts';

/** The units of all folders as one set, or nothing when the stack has none. */
export function createUnits(plan: ClusterPlan, cluster: Cluster): UnitSet | undefined {
  if (plan.units.length === 0) return undefined;
  const units = loadUnits(plan.units);
  return new UnitSet(
    'units',
    {
      machines: cluster.machines.slice(),
      privateKey: cluster.privateKey,
      units: Object.fromEntries(
        units.map(({ name, contents, targetState }) => [name, { contents, targetState }]),
      ),
    },
    { dependsOn: cluster.agents, deletedWith: cluster.lifetime },
  );
}

/** @throws InvalidInput with every problem of every file in all folders. */
function loadUnits(paths: readonly string[]): readonly CheckedUnit[] {
  const folders = paths.map(readUnitFolder);
  const checked = checkUnits(folders.flatMap(sources), {
    instances: Object.assign({}, ...folders.map(({ manifest }) => manifest.instances)),
    targetState: Object.assign({}, ...folders.map(({ manifest }) => manifest.targetState)),
  });
  const found =
    'problems' in checked
      ? checked.problems.map(({ path, message, fix }) => ({ path, problem: message, fix }))
      : [];
  const problems: Problem[] = [...folders.flatMap((folder) => folder.problems), ...found];
  if ('problems' in checked || problems.length > 0)
    throw new InvalidInput('These units cannot be run:', problems);
  return checked.units;
}

function sources({ path, files }: UnitFolder) {
  return files.map(({ name, contents }) => ({ name, contents, path: join(path, name) }));
}
