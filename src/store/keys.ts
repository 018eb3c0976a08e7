import * as z from 'zod';
import type { Machine } from '../model/machine.ts';
import type { Placement } from '../model/placement.ts';
import type { UnitStatus } from '../model/status.ts';
import { targetStates, type Unit } from '../model/unit.ts';

/** Everything Flotilla keeps is below this prefix; nothing else may be. */
export const rootPrefix = '/flotilla/';

/** Where each kind of thing stands. What the key says is not repeated in the value. */
export const prefixes = {
  machine: '/flotilla/machines/',
  unit: '/flotilla/units/',
  file: '/flotilla/files/',
  placement: '/flotilla/schedule/',
  status: '/flotilla/states/',
} as const;

/** Id of the machine that leads, on that machine's lease. Written anew in every transaction of the engine. */
export const leaderKey = '/flotilla/leader';

/** Written in every transaction that changes units, so that two of them can't miss each other. */
export const changeKey = '/flotilla/change';

export const machineKey = (id: string) => `${prefixes.machine}${id}`;
export const unitKey = (name: string) => `${prefixes.unit}${name}`;
export const fileKey = (hash: string) => `${prefixes.file}${hash}`;
export const placementPrefix = (machineId: string) => `${prefixes.placement}${machineId}/`;
export const placementKey = (machineId: string, unit: string) => `${placementPrefix(machineId)}${unit}`;
export const statusPrefix = (machineId: string) => `${prefixes.status}${machineId}/`;
export const statusKey = (machineId: string, unit: string) => `${statusPrefix(machineId)}${unit}`;

const hash = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits');
const targetState = z.enum(targetStates);

// Unknown fields are dropped, not refused: a newer agent may have written them.
const machineValue = z.object({
  name: z.string(),
  address: z.string(),
  metadata: z.record(z.string(), z.string()),
  capacity: z.object({ cpus: z.number(), memory: z.number() }),
  version: z.string(),
  bootId: z.string(),
});
const unitValue = z.object({ hash, targetState });
const placementValue = z.object({ hash, targetState, reason: z.string() });
const statusValue = z.object({
  load: z.string(),
  active: z.string(),
  sub: z.string(),
  hash,
  failure: z.object({ result: z.string(), journal: z.array(z.string()) }).exactOptional(),
});

export const encodeMachine = ({ id: _, ...value }: Machine) => JSON.stringify(value);
export const encodeUnit = ({ name: _, ...value }: Unit) => JSON.stringify(value);
export const encodePlacement = ({ machineId: _, unit: __, ...value }: Placement) => JSON.stringify(value);
export const encodeStatus = ({ machineId: _, unit: __, ...value }: UnitStatus) => JSON.stringify(value);

/** A key of ours whose value is not what it must be. */
export interface Malformed {
  readonly key: string;
  readonly problem: string;
}

export type Parsed<T> = { readonly value: T } | { readonly malformed: Malformed };

/** `/flotilla/machines/<id>` */
export function parseMachine(key: string, value: string): Parsed<Machine> {
  const id = key.slice(prefixes.machine.length);
  return parse(machineValue, key, value, (found) => ({ id, ...found }));
}

/** `/flotilla/units/<name>` */
export function parseUnitEntry(key: string, value: string): Parsed<Unit> {
  const name = key.slice(prefixes.unit.length);
  return parse(unitValue, key, value, (found) => ({ name, ...found }));
}

/** `/flotilla/schedule/<machine id>/<unit>` */
export function parsePlacement(key: string, value: string): Parsed<Placement> {
  const [machineId, unit] = splitPair(key, prefixes.placement);
  return parse(placementValue, key, value, (found) => ({ unit, machineId, ...found }));
}

/** `/flotilla/states/<machine id>/<unit>` */
export function parseStatus(key: string, value: string): Parsed<UnitStatus> {
  const [machineId, unit] = splitPair(key, prefixes.status);
  return parse(statusValue, key, value, (found) => ({ unit, machineId, ...found }));
}

/** Machine id and unit name of a key below `prefix`. Neither contains a slash. */
export function splitPair(key: string, prefix: string): [machineId: string, unit: string] {
  const [machineId = '', unit = ''] = key.slice(prefix.length).split('/');
  return [machineId, unit];
}

function parse<Value, T>(
  schema: z.ZodType<Value>,
  key: string,
  text: string,
  build: (value: Value) => T,
): Parsed<T> {
  const result = schema.safeParse(parseJson(text));
  if (result.success) return { value: build(result.data) };
  const problem = result.error.issues
    .map(({ path, message }) => `${path.join('.') || 'value'}: ${message}`)
    .join('; ');
  return { malformed: { key, problem } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
