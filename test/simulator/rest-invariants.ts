import { recordedGroups } from '../../src/agent/engine/rollout-groups.ts';
import type { ManagedUnit } from '../../src/agent/systemd/systemd.ts';
import type { UnitView } from '../../src/model/api.ts';
import { isMoving } from '../../src/model/rollout.ts';
import { isOutdated, isReadyMember } from '../../src/scheduler/rollout-group.ts';
import { type ClusterState, machineNames } from '../../src/store/cluster-state.ts';
import { templateOf } from '../../src/unit/name.ts';
import { readNeeds } from '../../src/unit/needs.ts';
import { parseUnit } from '../../src/unit/parse.ts';
import type { Finding } from './finding.ts';

export function pendingUnitsHaveReasons(units: readonly UnitView[]): Finding {
  const silent = units.find(
    ({ targetState, placements, pending }) =>
      targetState !== 'inactive' && placements.length === 0 && !pending,
  );
  return silent && `${silent.name} is pending, and nobody says why`;
}

/** A cluster after its faults have ended. */
export interface Rest {
  readonly cluster: ClusterState;
  readonly machines: readonly {
    readonly id: string;
    readonly name: string;
    readonly units: readonly ManagedUnit[];
  }[];
  /** What is below the prefix in which units choose keys, by key. */
  readonly chosen: ReadonlyMap<string, string>;
}

/** Every machine that is up is a member, and has what it was told to have and nothing else. */
export function desiredIsReached({ cluster, machines }: Rest): Finding {
  if (machines.length > 0 && cluster.leader === undefined) return 'nobody leads';
  for (const { id, name, units } of machines) {
    if (!cluster.machines.some((machine) => machine.id === id)) return `${name} is up and no member`;
    const placed = cluster.placements.filter(({ machineId }) => machineId === id);
    const stray = units.find((unit) => !placed.some((placement) => placement.unit === unit.name));
    if (stray) return `${name} still has ${stray.name}, which is not placed there`;
    for (const { unit, hash, targetState } of placed) {
      const found = units.find((it) => it.name === unit);
      if (found?.hash !== hash) return `${name} has ${found ? 'an old version' : 'nothing'} of ${unit}`;
      if (found.started !== (targetState === 'launched')) return `${unit} on ${name} is not ${targetState}`;
      const status = cluster.statuses.find((it) => it.machineId === id && it.unit === unit);
      if (status?.active !== found.active)
        return `${name} says ${unit} is ${status?.active}, and it is ${found.active}`;
    }
  }
  return undefined;
}

/** What is found under a service's name is the ready units that offer it, each where it is, and nothing else. */
export function servicesAreOfReadyUnits({ cluster, machines }: Rest): Finding {
  const offered = machines.flatMap(({ id, name, units }) =>
    units.flatMap((unit) => offersOf(unit, cluster, id).map((service) => `${service} on ${name}`)),
  );
  const nameOf = machineNames(cluster);
  const found = cluster.registrations.map(
    ({ service, unit, port, machineId }) => `${service} of ${unit} at ${port} on ${nameOf(machineId)}`,
  );
  const stale = found.find((one) => !offered.includes(one));
  if (stale) return `${stale} is found, and nothing offers it`;
  const missing = offered.find((one) => !found.includes(one));
  return missing && `${missing} is ready and not found`;
}

/** A key that a unit chooses is there as long as its service is. */
export function chosenKeysAreOfServices({ cluster, chosen }: Rest): Finding {
  const offered = new Map(
    cluster.registrations.flatMap(({ key, address, port }) => (key ? [[key, `${address}:${port}`]] : [])),
  );
  const wrong = [...new Set([...offered.keys(), ...chosen.keys()])].find(
    (key) => offered.get(key) !== chosen.get(key),
  );
  return wrong && `${wrong} is ${chosen.get(wrong)}, and offered is ${offered.get(wrong)}`;
}

/** As `app of a.service at 80`. Global units of a machine that drains offer nothing. */
function offersOf(unit: ManagedUnit, { placements, cordons }: ClusterState, machineId: string): string[] {
  const { name, contents, active, hash } = unit;
  const { requirements, flotilla } = readNeeds(name, parseUnit(contents).options);
  const here = placements.some(
    (placement) => placement.unit === name && placement.machineId === machineId && placement.hash === hash,
  );
  const withdrawn = requirements.global && cordons.get(machineId)?.drain === true;
  if (active !== 'active' || !here || withdrawn) return [];
  return flotilla.services.map(({ name: service, port }) => `${service} of ${name} at ${port}`);
}

/** Every unit has the version that the user applied last (fleet's #1508), but for what a rollout keeps back. */
export function versionsAreCurrent({ cluster, machines }: Rest): Finding {
  const up = new Set(machines.map(({ id }) => id));
  const hashes = new Map(cluster.units.map(({ name, hash }) => [name, hash]));
  const kept = new Set(cluster.rollouts.flatMap(({ name, state }) => (state === 'complete' ? [] : name)));
  const stale = cluster.placements.find(
    ({ unit, machineId, hash }) =>
      up.has(machineId) && hashes.get(unit) !== hash && !kept.has(templateOf(unit) ?? unit),
  );
  return stale && `${stale.unit} was left with an old version`;
}

/** A rollout comes to an end, or there is an instance that it waits for. */
export function rolloutsGoOn({ cluster }: Rest): Finding {
  const moving = cluster.rollouts.filter(isMoving);
  const groups = new Map(recordedGroups(cluster, new Set()).map(({ group }) => [group.name, group]));
  const idle = moving.find(
    ({ name }) => !groups.get(name)?.members.some((member) => !isOutdated(member) && !isReadyMember(member)),
  );
  return idle && `the rollout of ${idle.name} is ${idle.state} and waits for nobody`;
}
