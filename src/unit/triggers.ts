import { lastValue } from './effective-values.ts';
import { parseUnitName } from './name.ts';
import type { UnitOption } from './parse.ts';
import { expandSpecifiers } from './specifier.ts';
import { isTrue } from './systemd-boolean.ts';

interface Trigger {
  readonly section: string;
  /** Option that names the unit; without it the unit of the same name and this type is meant. */
  readonly option?: string;
  readonly type: string;
}

/** Types that exist to start another unit: systemd.socket(5), systemd.timer(5), systemd.path(5), systemd.automount(5). */
const triggers: Readonly<Record<string, Trigger>> = {
  '.socket': { section: 'Socket', option: 'Service', type: '.service' },
  '.timer': { section: 'Timer', option: 'Unit', type: '.service' },
  '.path': { section: 'Path', option: 'Unit', type: '.service' },
  '.automount': { section: 'Automount', type: '.mount' },
};

/**
 * The unit that a socket, timer, path or automount starts. systemd can start it only where its file is, so the two
 * belong on one machine. undefined for all other types, and for a socket with `Accept=yes`: systemd makes that
 * one's services itself, from a template on its machine.
 */
export function triggeredBy(unit: string, options: readonly UnitOption[]): string | undefined {
  const name = parseUnitName(unit);
  const trigger = name === undefined ? undefined : triggers[name.suffix];
  if (name === undefined || trigger === undefined) return undefined;
  const value = (option: string) => lastValue(options, trigger.section, option);
  if (isTrue(value('Accept'))) return undefined;
  const named = trigger.option === undefined ? undefined : value(trigger.option);
  return named === undefined ? `${name.stem}${trigger.type}` : expandSpecifiers(named, unit);
}
