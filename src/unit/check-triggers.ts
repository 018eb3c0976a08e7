import type { ParsedUnit } from './parse.ts';
import { type Problem, problemIn } from './problem.ts';
import { fleetSection, fleetSpellings, readRequirements } from './requirements.ts';
import type { Source } from './source.ts';
import { triggeredBy } from './triggers.ts';

/** Global sockets, timers and paths whose service is on one machine only: all others would start what is not there. */
export function checkTriggers(sources: readonly Source[]): Problem[] {
  const isGlobal = new Map(
    sources.flatMap(({ units, parsed }) =>
      units.map(({ name }): [string, boolean] => [name, readRequirements(name, parsed.options).global]),
    ),
  );
  return sources.flatMap(({ path, units, parsed }) => {
    const unit = units.find(({ name }) => {
      const started = triggeredBy(name, parsed.options);
      return started !== undefined && isGlobal.get(name) === true && isGlobal.get(started) === false;
    });
    if (unit === undefined) return [];
    const started = triggeredBy(unit.name, parsed.options);
    const line = globalLine(parsed);
    const message = `${unit.name} is on every machine, but ${started}, which it starts, on one only`;
    const fix = `set Global=true in ${started} as well, or in neither`;
    return [problemIn(path, { rule: 'combination', ...(line !== undefined && { line }), message, fix })];
  });
}

function globalLine({ options }: ParsedUnit): number | undefined {
  return options.findLast(
    ({ section, name }) =>
      section === fleetSection && Object.hasOwn(fleetSpellings, name) && fleetSpellings[name] === 'Global',
  )?.line;
}
