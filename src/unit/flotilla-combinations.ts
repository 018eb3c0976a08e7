import { lastValue } from './effective-values.ts';
import { readExpectation } from './expectation.ts';
import { type FlotillaOption, flotillaSection, readFlotillaOptions } from './flotilla-options.ts';
import { isTemplate, templateOf } from './name.ts';
import type { UnitOption } from './parse.ts';
import type { Requirements } from './requirements.ts';

export interface Circumstances {
  readonly unit: string;
  readonly options: readonly UnitOption[];
  readonly requirements: Requirements;
}

/** Options that would mean nothing, or nothing good, where `when` holds. */
export interface Combination {
  readonly of: readonly FlotillaOption[];
  readonly when: (circumstances: Circumstances) => boolean;
  readonly message: string;
  readonly fix: string;
}

const isGlobal = ({ requirements }: Circumstances) => requirements.global;
const hasNoFamily = ({ unit }: Circumstances) => !isTemplate(unit) && templateOf(unit) === undefined;
const probeKind = ({ unit, options }: Circumstances) =>
  readFlotillaOptions(unit, options).readiness?.probe.kind;
const has = ({ options }: Circumstances, name: FlotillaOption) =>
  options.some((option) => option.section === flotillaSection && option.name === name);

/** Characters of a common name (RFC 5280, appendix A.1, ub-common-name). */
const maxCommonName = 64;

export const combinations: readonly Combination[] = [
  {
    of: ['Spread', 'MaxPerMachine'],
    when: isGlobal,
    message: 'and Global= exclude each other',
    fix: 'a global unit is once on every machine that fits; keep one of the two',
  },
  {
    of: ['Spread'],
    when: ({ requirements }) => requirements.machineOf.length > 0 || requirements.machineId !== undefined,
    message: 'has no say beside MachineOf= or MachineID=, which choose the machine',
    fix: 'keep one of them',
  },
  {
    of: ['Spread', 'MaxPerMachine'],
    when: hasNoFamily,
    message: 'is about the instances of a template, and this unit is none',
    fix: 'make it a template name@.service, or remove the line',
  },
  {
    of: ['MaxUnavailable', 'Rollback'],
    when: (at) => hasNoFamily(at) && !isGlobal(at),
    message: 'is about rollouts, and only templates and global units have them',
    fix: 'make it a template name@.service, or remove the line',
  },
  {
    of: ['ReadyInterval', 'ReadyTimeout'],
    when: (at) => !has(at, 'Ready'),
    message: 'needs a probe',
    fix: 'add Ready=, or remove the line',
  },
  {
    of: ['ReadyInterval', 'ReadyTimeout'],
    when: (at) => probeKind(at) === 'notify',
    message: 'has no meaning with Ready=notify, where the service speaks by itself',
    fix: 'remove the line',
  },
  {
    of: ['Ready'],
    when: (at) => probeKind(at) === 'notify' && !notifies(at),
    message: 'waits for a notice that this unit never gives',
    fix: 'set Type=notify in [Service] if the program calls sd_notify, or choose another probe',
  },
  {
    of: ['Service'],
    when: ({ unit, options }) => readExpectation(unit, options).finishes,
    message: 'is found while the unit is active, and this one ends before it is',
    fix: 'remove the line, or set RemainAfterExit=yes in [Service]',
  },
  {
    of: ['DeregistrationDelay'],
    when: (at) => !has(at, 'Service'),
    message: 'is about services, and this unit has none',
    fix: 'add Service= and Port=, or remove the line',
  },
  {
    of: ['Certificate'],
    when: ({ unit }) => unit.length > maxCommonName,
    message: `names the unit in its certificate, where ${maxCommonName} characters have room`,
    fix: 'give the unit a shorter name',
  },
  {
    of: ['CertificateOwner'],
    when: (at) => readFlotillaOptions(at.unit, at.options).certificate === undefined,
    message: 'is about a certificate, and the unit has none',
    fix: 'add Certificate=yes, or remove the line',
  },
  {
    of: ['ServiceKey'],
    when: isGlobal,
    message: 'and Global= exclude each other',
    fix: 'every machine would write the same key; Service= alone gives each one of its own',
  },
  {
    of: ['ServiceKey'],
    when: (at) => !hasNoFamily(at) && keysOf(at).some((key) => !/%[inN]/.test(key)),
    message: 'is the same for all instances of the template',
    fix: 'put %i into it',
  },
];

function keysOf({ options }: Circumstances): string[] {
  return options.flatMap(({ section, name, value }) =>
    section === flotillaSection && name === 'ServiceKey' ? value : [],
  );
}

function notifies({ options }: Circumstances): boolean {
  return /^notify(-reload)?$/.test(lastValue(options, 'Service', 'Type') ?? '');
}
