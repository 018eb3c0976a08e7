import { locationOf, type ParsedOption, type UnitOption } from './parse.ts';
import type { Flaw } from './problem.ts';
import { type ServiceGroup, serviceGroups } from './service-groups.ts';
import { expandOwnSpecifiers } from './specifier.ts';

type Option = UnitOption | ParsedOption;

/** What is wrong with how a unit's `Service=`, `Port=` and `ServiceKey=` go together. Each value by itself is checked elsewhere. */
export function checkServices(unit: string, own: readonly Option[]): Flaw[] {
  const { services, stray } = serviceGroups(own);
  return [
    ...stray.map((option) => flawAt(option, 'combination', `${option.name}= is of no service`, belowService)),
    ...services.flatMap(checkPorts),
    ...services.flatMap(({ service, keys }) => checkOnce(service, keys)),
    ...checkNames(unit, services),
  ];
}

const belowService = 'put it below the Service= that it is of';

function flawAt(option: Option, rule: Flaw['rule'], message: string, fix: string): Flaw {
  return { ...locationOf(option), rule, message, fix };
}

function checkPorts({ service, ports }: ServiceGroup<Option>): Flaw[] {
  if (ports.length > 0) return checkOnce(service, ports);
  const message = `Service=${service.value} has no port`;
  return [flawAt(service, 'combination', message, 'add its Port= below it')];
}

function checkOnce(service: Option, [, ...more]: readonly Option[]): Flaw[] {
  const fix = 'keep one line, or put a Service= of another name above each';
  return more.map((option) => {
    const message = `${option.name}= is given more than once for Service=${service.value}`;
    return flawAt(option, 'repeated', message, fix);
  });
}

function checkNames(unit: string, services: readonly ServiceGroup<Option>[]): Flaw[] {
  const seen = new Set<string>();
  return services.flatMap(({ service }) => {
    const name = expandOwnSpecifiers(service.value, unit);
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    const fix = 'give each service of a unit a name of its own';
    return [flawAt(service, 'repeated', `Service=${service.value} is given more than once`, fix)];
  });
}
