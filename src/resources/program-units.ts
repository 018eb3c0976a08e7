import type { UnitArgs } from '../config/unit-set-args.ts';
import type { UnitFolder } from './unit-folder.ts';

/** Units that a program writes itself, as if they lay in a folder with a manifest: they are checked by the same rules. */
export function programUnits(units: Readonly<Record<string, UnitArgs>>): UnitFolder {
  const said = <Key extends 'instances' | 'targetState'>(key: Key) =>
    Object.fromEntries(
      Object.entries(units).flatMap(([name, { [key]: value }]) =>
        value === undefined ? [] : [[name, value]],
      ),
    );
  return {
    path: 'units',
    files: Object.entries(units).map(([name, { contents }]) => ({ name, contents })),
    templates: new Map(),
    manifest: { instances: said('instances'), targetState: said('targetState') },
    manifestPath: 'units',
    problems: [],
  };
}
