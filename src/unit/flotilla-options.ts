import { parseReference } from '../image/reference.ts';
import type { FlotillaOptions, MetadataCondition, OfferedService, Probe } from '../model/flotilla-options.ts';
import { readCertificate } from './certificate-wish.ts';
import { readCondition } from './conditions.ts';
import { checkName, isTemplate } from './name.ts';
import type { UnitOption } from './parse.ts';
import { readProbe } from './probe.ts';
import { type Reading, read } from './reading.ts';
import { readBoolean } from './requirements.ts';
import { serviceGroups } from './service-groups.ts';
import { expandOwnSpecifiers } from './specifier.ts';
import { readTimeSpan } from './time-span.ts';
import { splitValues } from './values.ts';

/** Where our own options stand, beside fleet's `[X-Fleet]`; systemd passes over both. */
export const flotillaSection = 'X-Flotilla';

/** What one value of each option turns into. */
interface Meanings {
  Weight: number;
  Spread: string;
  MaxPerMachine: number;
  MachineMetadata: MetadataCondition;
  Fence: 'stop' | 'keep';
  Ready: Probe;
  ReadyInterval: number;
  ReadyTimeout: number;
  AfterReady: string;
  Service: string;
  Port: number;
  ServiceKey: string;
  DeregistrationDelay: number;
  Certificate: boolean;
  CertificateOwner: string;
  Template: string;
  Image: string;
  MaxUnavailable: number;
  Rollback: boolean;
  RolloutDeadline: number;
}

export type FlotillaOption = keyof Meanings;

/** Options that take several values, and how these stand in a line. All others say one thing and come once. */
const splitters: Readonly<Partial<Record<FlotillaOption, (line: string) => string[]>>> = {
  MachineMetadata: splitValues,
  AfterReady: splitNames,
  Template: splitNames,
  Image: splitNames,
};

function splitNames(line: string): string[] {
  return line.split(' ').filter((name) => name !== '');
}

/** Options of which a unit has one for each of its services. */
const ofServices: ReadonlySet<FlotillaOption> = new Set(['Service', 'Port', 'ServiceKey']);

export function isRepeatable(option: FlotillaOption): boolean {
  return option in splitters || ofServices.has(option);
}

/** The values of one line; a value that goes on over several lines is one line to systemd. An empty line is one empty value. */
export function splitOwnValues(option: FlotillaOption, value: string): string[] {
  const line = value.replace(/\s*\\\n\s*/g, ' ').trim();
  const values = splitters[option]?.(line) ?? [line];
  return values.length === 0 ? [''] : values;
}

/** What is Flotilla's own in etcd. */
const ownKeys = '/flotilla';

type Reader<T> = (text: string, unit: string) => Reading<T>;

/** The one place that knows the syntax: reading takes what it gives, checking tells what it refuses. */
export const flotillaReaders: { readonly [O in FlotillaOption]: Reader<Meanings[O]> } = {
  Weight: wholeNumber(0, 1_000_000),
  Spread: expanded((text) =>
    /^[^\s=!<>(),"]+$/.test(text)
      ? read(text)
      : { rule: 'metadata', expected: 'a metadata key', fix: 'give the key alone: Spread=zone' },
  ),
  MaxPerMachine: wholeNumber(1, 10_000),
  MachineMetadata: expanded(readCondition),
  Fence: expanded((text) =>
    text === 'stop' || text === 'keep'
      ? read(text)
      : { rule: 'choice', expected: 'stop or keep', fix: 'write stop or keep' },
  ),
  Ready: (text, unit) => readProbe(text, (value) => expandOwnSpecifiers(value, unit)),
  ReadyInterval: expanded(readDuration),
  ReadyTimeout: expanded(readDuration),
  AfterReady: expanded(readOtherUnit),
  // A label as RFC 1123 has it, in lower case: the name may stand in a host name, and is a part of keys.
  Service: expanded((text) =>
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)
      ? read(text)
      : {
          rule: 'service-name',
          expected: 'a DNS label in lower case',
          fix: 'use letters a to z, digits and dashes within, 63 at most: Service=app',
        },
  ),
  Port: wholeNumber(1, 65_535),
  ServiceKey: expanded((text) =>
    /^(\/[\w.:@-]+)+$/.test(text) && !text.startsWith(`${ownKeys}/`)
      ? read(text)
      : {
          rule: 'service-key',
          expected: `a key in etcd outside of ${ownKeys}`,
          fix: 'write it as a path of letters, digits and . _ : @ -, as in ServiceKey=/app/server/%i',
        },
  ),
  // Longer than any reader needs: until then a rollout stands still, and so does the end of the machine.
  DeregistrationDelay: expanded((text) => {
    const seconds = readTimeSpan(text);
    if (seconds !== undefined && seconds <= 600) return read(seconds);
    return {
      rule: 'time-span',
      expected: 'a time span of 10 minutes at most',
      fix: 'write it as in 0, 5s or 1min',
    };
  }),
  Certificate: expanded(readYesNo),
  CertificateOwner: expanded((text) =>
    /^([a-z_][a-z0-9_-]{0,31}|[0-9]{1,10})$/.test(text)
      ? read(text)
      : {
          rule: 'user',
          expected: 'a user of the machine',
          fix: 'give a name or a number: CertificateOwner=1000',
        },
  ),
  // No specifiers: the file lies beside the unit's, and all instances share both.
  Template: (text) =>
    /^[\w@-][\w.@-]*\.toml$/.test(text)
      ? read(text)
      : {
          rule: 'template-name',
          expected: 'the name of a template resource',
          fix: 'name a file beside the unit, without folder: Template=nginx.toml',
        },
  Image: expanded((text) =>
    parseReference(text) === undefined
      ? {
          rule: 'image-name',
          expected: 'the name of an image with its tag',
          fix: 'write it as machines have it, with a tag: Image=app:1',
        }
      : read(text),
  ),
  MaxUnavailable: wholeNumber(1, 10_000),
  Rollback: expanded(readYesNo),
  RolloutDeadline: expanded(readDuration),
};

export function isFlotillaOption(name: string): name is FlotillaOption {
  return Object.hasOwn(flotillaReaders, name);
}

/**
 * Reads a unit's `[X-Flotilla]`, defaults filled in and specifiers replaced. Malformed values are passed over here
 * and of repeated ones the last counts; `checkOptions` is what refuses both, so call that first on anything a user wrote.
 */
export function readFlotillaOptions(unit: string, options: readonly UnitOption[]): FlotillaOptions {
  const own = options.filter(({ section }) => section === flotillaSection);
  if (own.length === 0) return defaults;
  const wanted = valuesOf('Certificate', own, unit).at(-1) ?? false;
  const owner = valuesOf('CertificateOwner', own, unit).at(-1);
  return { ...readOwn(unit, own), ...(wanted && { certificate: readCertificate(unit, options, owner) }) };
}

const defaults: FlotillaOptions = readOwn('', []);

function readOwn(unit: string, options: readonly UnitOption[]): FlotillaOptions {
  const every = <O extends FlotillaOption>(option: O) => valuesOf(option, options, unit);
  const spread = every('Spread').at(-1);
  const maxPerMachine = every('MaxPerMachine').at(-1);
  const probe = every('Ready').at(-1);
  const templates = [...new Set(every('Template'))];
  const images = [...new Set(every('Image'))];
  return {
    weight: every('Weight').at(-1) ?? 1,
    ...(spread !== undefined && { spread }),
    ...(maxPerMachine !== undefined && { maxPerMachine }),
    conditions: every('MachineMetadata'),
    fence: every('Fence').at(-1) ?? 'keep',
    ...(probe !== undefined && {
      readiness: {
        probe,
        interval: every('ReadyInterval').at(-1) ?? 5,
        timeout: every('ReadyTimeout').at(-1) ?? 2,
      },
    }),
    afterReady: [...new Set(every('AfterReady'))],
    services: readServices(unit, options),
    deregistrationDelay: every('DeregistrationDelay').at(-1) ?? 5,
    ...(templates.length > 0 && { templates }),
    ...(images.length > 0 && { images }),
    rollout: {
      maxUnavailable: every('MaxUnavailable').at(-1) ?? 1,
      rollback: every('Rollback').at(-1) ?? true,
      deadline: every('RolloutDeadline').at(-1) ?? 300,
    },
  };
}

function valuesOf<O extends FlotillaOption>(
  option: O,
  options: readonly UnitOption[],
  unit: string,
): Meanings[O][] {
  return options.flatMap(({ name, value }) => {
    if (name !== option) return [];
    const readings = splitOwnValues(option, value).map((text) => flotillaReaders[option](text, unit));
    return readings.flatMap((reading) => ('value' in reading ? [reading.value] : []));
  });
}

function readServices(unit: string, options: readonly UnitOption[]): OfferedService[] {
  const services = serviceGroups(options).services.flatMap(({ service, ports, keys }): OfferedService[] => {
    const [name] = valuesOf('Service', [service], unit);
    const port = valuesOf('Port', ports, unit).at(-1);
    const key = valuesOf('ServiceKey', keys, unit).at(-1);
    if (name === undefined || port === undefined) return [];
    return [{ name, port, ...(key !== undefined && { key }) }];
  });
  return [...new Map(services.map((service) => [service.name, service])).values()];
}

function expanded<T>(reader: Reader<T>): Reader<T> {
  return (text, unit) => reader(expandOwnSpecifiers(text, unit), unit);
}

function wholeNumber(least: number, most: number): Reader<number> {
  return expanded((text) => {
    const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return read(value);
    const expected = `a whole number from ${least} to ${most}`;
    return { rule: 'number', expected, fix: `give ${expected}` };
  });
}

function readYesNo(text: string): Reading<boolean> {
  const value = readBoolean(text);
  if (value !== undefined) return read(value);
  return { rule: 'boolean', expected: 'a boolean', fix: 'write true or false' };
}

function readDuration(text: string): Reading<number> {
  const seconds = readTimeSpan(text);
  if (seconds !== undefined && seconds > 0) return read(seconds);
  return {
    rule: 'time-span',
    expected: 'a time span above zero',
    fix: 'write it as in 90, 90s, 2min or 1h 30min',
  };
}

function readOtherUnit(text: string, unit: string): Reading<string> {
  const fix =
    'give full names of other units, with blanks between them: AfterReady=db.service cache@1.service';
  if (text === unit) return { rule: 'after-ready', expected: 'another unit: it names the unit itself', fix };
  if (isTemplate(text)) return { rule: 'after-ready', expected: `a unit: ${text} is a template`, fix };
  if (checkName(text).length === 0) return read(text);
  return { rule: 'after-ready', expected: 'the name of a unit of the cluster', fix };
}
