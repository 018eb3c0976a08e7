import { closest } from '../model/closest.ts';
import { InvalidInput, type Problem } from '../model/problem.ts';
import type { ClusterPlan, GroupPublication } from '../plan/plan.ts';
import type { CheckedUnit } from '../unit/check.ts';

type Units = readonly Pick<CheckedUnit, 'name' | 'flotilla'>[];

/** A published port that follows a service. */
type Following = GroupPublication & { readonly service: string };

/**
 * A load balancer would lead nobody anywhere for as long.
 *
 * @throws InvalidInput with every published port that follows a service which none of the units has at that port.
 */
export function checkFollowed(units: Units, { publish }: Pick<ClusterPlan, 'publish'>): void {
  const problems = publish.flatMap((each) => (isFollowing(each) ? problemsOf(units, each) : []));
  if (problems.length > 0) throw new InvalidInput('The stack config cannot be used:', problems);
}

function isFollowing(publication: GroupPublication): publication is Following {
  return publication.service !== undefined;
}

function problemsOf(units: Units, { group, host, guest, service }: Following): Problem[] {
  const all = units.flatMap(({ name, flotilla }) =>
    flotilla.services.map((each) => ({ ...each, unit: name })),
  );
  const ofName = all.filter(({ name }) => name === service);
  if (ofName.some(({ port }) => port === guest)) return [];
  const path = `flotilla:machines.${group}.publish.${host}`;
  if (ofName.length > 0) {
    const found = ofName.map(({ unit, port }) => `${port} (${unit})`).join(', ');
    const problem = `the service ${service} is not at port ${guest}, but at ${found}`;
    return [
      { path, problem, fix: `correct the port, or give the unit a second Service= with Port=${guest}` },
    ];
  }
  const guess = closest(
    service,
    all.map(({ name }) => name),
  );
  const lines = `Service=${service} and Port=${guest} into the [X-Flotilla] of the unit that answers there`;
  const fix = guess ? `did you mean ${guess}?` : `put ${lines}, or publish the port alone: ${guest}`;
  return [{ path, problem: `no unit of the stack has the service ${service}`, fix }];
}
