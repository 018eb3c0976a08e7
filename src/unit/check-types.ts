import { effectiveValues } from './effective-values.ts';
import { parseUnitName } from './name.ts';
import type { ParsedUnit } from './parse.ts';
import { unitNameOfPath } from './path-name.ts';
import type { Flaw } from './problem.ts';

/** What systemd demands of a file of this type when it loads it. */
interface TypeRule {
  readonly section: string;
  /** At least one of these options must be there, which say what the unit is for. */
  readonly needs?: { readonly options: readonly string[]; readonly what: string };
  /** Option whose path the unit's name must spell. */
  readonly namedBy?: string;
}

/**
 * Types not listed (target, slice, device) need nothing beside their name; services have rules of their own.
 * Sources: systemd.timer(5), systemd.path(5), systemd.socket(5), systemd.mount(5), systemd.automount(5),
 * systemd.swap(5), and the `*_verify` functions of systemd for what these leave open.
 */
const typeRules: Readonly<Record<string, TypeRule>> = {
  '.timer': {
    section: 'Timer',
    needs: {
      what: 'when to start',
      options: [
        ...['OnCalendar', 'OnActiveSec', 'OnBootSec', 'OnStartupSec', 'OnUnitActiveSec'],
        ...['OnUnitInactiveSec', 'OnClockChange', 'OnTimezoneChange'],
      ],
    },
  },
  '.path': {
    section: 'Path',
    needs: {
      what: 'what to watch',
      options: ['PathExists', 'PathExistsGlob', 'PathChanged', 'PathModified', 'DirectoryNotEmpty'],
    },
  },
  '.socket': {
    section: 'Socket',
    needs: {
      what: 'where to listen',
      options: [
        ...['ListenStream', 'ListenDatagram', 'ListenSequentialPacket', 'ListenFIFO'],
        ...['ListenSpecial', 'ListenNetlink', 'ListenMessageQueue', 'ListenUSBFunction'],
      ],
    },
  },
  '.mount': { section: 'Mount', needs: { what: 'what to mount', options: ['What'] }, namedBy: 'Where' },
  '.automount': { section: 'Automount', namedBy: 'Where' },
  '.swap': { section: 'Swap', namedBy: 'What' },
};

/** The rules that make systemd refuse a unit that is no service, found at preview instead of in a failed start. */
export function checkType(unit: string, parsed: ParsedUnit): Flaw[] {
  const suffix = parseUnitName(unit)?.suffix ?? '';
  const rule = Object.hasOwn(typeRules, suffix) ? typeRules[suffix] : undefined;
  return rule === undefined
    ? []
    : [...checkNeeds(unit, parsed, rule), ...checkPath(unit, suffix, parsed, rule)];
}

/** More names than this make a message longer than it helps. */
const namesShown = 3;

function checkNeeds(unit: string, { sections, options }: ParsedUnit, { section, needs }: TypeRule): Flaw[] {
  const given = (name: string) => effectiveValues(options, [section], name).length > 0;
  if (needs === undefined || needs.options.some(given)) return [];
  const line = sections.find(({ name }) => name === section)?.line;
  const shown = needs.options.slice(0, namesShown).map((name) => `${name}=`);
  const manual = needs.options.length > namesShown ? `, see systemd.${section.toLowerCase()}(5)` : '';
  const fix = `add ${shown.join(' or ')}${manual}`;
  if (line !== undefined) {
    return [{ rule: 'unit-type', line, message: `[${section}] does not say ${needs.what}`, fix }];
  }
  return [
    { rule: 'unit-type', message: `${unit} has no [${section}] section`, fix: `add one; in it, ${fix}` },
  ];
}

/** A path with specifiers is left to systemd: some of them are known on the machine only. */
function checkPath(
  unit: string,
  suffix: string,
  { options }: ParsedUnit,
  { section, namedBy }: TypeRule,
): Flaw[] {
  const given = options.findLast((option) => option.section === section && option.name === namedBy);
  if (given === undefined || given.value.includes('%')) return [];
  const at = { rule: 'unit-type', line: given.line } as const;
  if (!given.value.startsWith('/')) {
    const message = `${given.name}=${given.value} is not a full path`;
    return [{ ...at, message, fix: 'start it with "/"' }];
  }
  const name = unitNameOfPath(given.value, suffix);
  if (name === unit) return [];
  const message = `${given.name}=${given.value} does not belong to ${unit}`;
  return [{ ...at, message, fix: `call the file ${name}, or change the path` }];
}
