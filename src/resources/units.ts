import { join } from 'node:path';
import type * as pulumi from '@pulumi/pulumi';
import type { Manifest } from '../config/manifest.ts';
import { InvalidInput, type Problem } from '../model/problem.ts';
import type { ClusterPlan } from '../plan/plan.ts';
import { type CheckedUnit, checkUnits } from '../unit/check.ts';
import type { UnitManifest } from '../unit/check-manifest.ts';
import type { ClusterParts } from './cluster.ts';
import { checkFollowed } from './followed-services.ts';
import type { Image } from './image.ts';
import { warnOfImages } from './named-images.ts';
import { readUnitFolder, type UnitFolder } from './unit-folder.ts';
import { UnitSet, type UnitSetArgs } from './unit-set.ts';
import { checkTemplateFiles, checkTemplateKeys, withTemplates } from './unit-templates.ts';

/** The units of all folders as one set, or nothing when the stack has none. */
export function createUnits(
  plan: ClusterPlan,
  cluster: ClusterParts,
  images: readonly Image[] = [],
): UnitSet | undefined {
  const units = loadUnits(plan.units, plan);
  checkFollowed(units, plan);
  if (plan.units.length === 0) return undefined;
  warnOfImages(units, new Set(plan.images.map(({ name }) => name)));
  return pushUnits('units', byName(units), cluster, images, {});
}

/**
 * etcd would refuse such a key for as long as the unit runs.
 * @throws InvalidInput with every unit that chooses a key below none of the prefixes.
 */
function checkServiceKeys(units: readonly CheckedUnit[], prefixes: readonly string[]): void {
  const problems = units.flatMap(({ name, flotilla }) =>
    flotilla.services.flatMap(({ key }): Problem[] => {
      if (key === undefined || prefixes.some((prefix) => key.startsWith(prefix))) return [];
      const prefix = key.slice(0, key.indexOf('/', 1) + 1) || `${key}/`;
      const problem = `ServiceKey=${key} is below none of flotilla:serviceKeys`;
      return [{ path: name, problem, fix: `name a prefix of it there, such as ${prefix}` }];
    }),
  );
  if (problems.length > 0) throw new InvalidInput('These units cannot be run:', problems);
}

/** As a set is told its units. */
export function byName(units: readonly CheckedUnit[]): UnitSetArgs['units'] {
  return Object.fromEntries(
    units.map(({ name, contents, targetState }) => [name, { contents, targetState }]),
  );
}

/** Declares the units on the cluster: they come when its agents and these images are there, and go with its machines. */
export function pushUnits(
  name: string,
  units: UnitSetArgs['units'],
  { machines, privateKey, agents, lifetime }: ClusterParts,
  images: readonly Image[],
  options: pulumi.CustomResourceOptions,
): UnitSet {
  return new UnitSet(
    name,
    { machines: machines.slice(), privateKey, units },
    { ...options, dependsOn: [agents, ...images], deletedWith: lifetime },
  );
}

/** Prefixes in etcd that are open to units of a cluster. */
export type OpenKeys = Pick<ClusterPlan, 'serviceKeys' | 'templateKeys'>;

/**
 * @param given units that lie in no folder
 * @throws InvalidInput with every problem of every unit.
 */
export function loadUnits(
  paths: readonly string[],
  { serviceKeys, templateKeys }: OpenKeys,
  given: readonly UnitFolder[] = [],
): readonly CheckedUnit[] {
  const folders = [...paths.map(readUnitFolder), ...given].map(withTemplates);
  const checked = checkUnits(folders.flatMap(sources), manifestOf(folders));
  const found =
    'problems' in checked
      ? checked.problems.map(({ path, message, fix }) => ({ path, problem: message, fix }))
      : [];
  const problems: Problem[] = [
    ...folders.flatMap((folder) => folder.problems),
    ...saidTwice(folders, 'instances'),
    ...saidTwice(folders, 'targetState'),
    ...found,
    ...('problems' in checked ? [] : checkTemplateFiles(checked.units)),
  ];
  if ('problems' in checked || problems.length > 0)
    throw new InvalidInput('These units cannot be run:', problems);
  checkServiceKeys(checked.units, serviceKeys);
  checkTemplateKeys(checked.units, [...serviceKeys, ...templateKeys]);
  return checked.units;
}

/** What the folders' manifests say together, since a unit may be named in another folder's. */
function manifestOf(folders: readonly UnitFolder[]): UnitManifest {
  return {
    instances: Object.assign({}, ...folders.map(({ manifest }) => manifest.instances)),
    targetState: Object.assign({}, ...folders.map(({ manifest }) => manifest.targetState)),
    path: folders.map(({ manifestPath }) => manifestPath).join(', '),
  };
}

function saidTwice(folders: readonly UnitFolder[], key: keyof Manifest): Problem[] {
  const first = new Map<string, string>();
  const problems: Problem[] = [];
  for (const { manifest, manifestPath: path } of folders) {
    for (const name of Object.keys(manifest[key])) {
      const other = first.get(name);
      const problem = `${key}: ${name} also stands in ${other}`;
      if (other === undefined) first.set(name, path);
      else problems.push({ path, problem, fix: 'say it in one of the two' });
    }
  }
  return problems;
}

function sources({ path, files }: UnitFolder) {
  return files.map(({ name, contents }) => ({ name, contents, path: join(path, name) }));
}
