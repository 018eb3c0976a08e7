import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { messageOf } from '../../../src/model/message-of.ts';
import {
  type AnyHandler,
  type ChangeRule,
  InitFailed,
  type Properties,
  unknownValue,
} from '../../../src/provider/resource.ts';
import { sorted } from './sorted.ts';

/** A name that is made of the logical one when the program gives none. */
export interface AutoName {
  readonly property: string;
  /** Characters; the logical name is cut, what makes it unique is not. */
  readonly longest: number;
}

/**
 * A resource type of the stock plugin, as far as a cluster needs it; inputs that are not named are refused. `Session` is
 * what it works with, such as the API's client.
 */
export interface ResourceType<Session, Shape extends z.core.$ZodShape> {
  readonly inputs: z.ZodObject<Shape, z.core.$strict>;
  /** Outputs beside the inputs. */
  readonly computed: readonly string[];
  readonly changes: Readonly<Partial<Record<keyof Shape & string, ChangeRule>>>;
  /** What an input is that the program leaves out. */
  readonly defaults?: Properties;
  /** Defaults within inputs that are objects or lists of them. */
  readonly innerDefaults?: Readonly<Partial<Record<keyof Shape & string, Properties>>>;
  /** Inputs that are lists whose order means nothing. */
  readonly sets?: readonly (keyof Shape & string)[];
  /** Inputs that are objects, or lists of them, of which the cloud chooses what the program leaves out. */
  readonly partial?: readonly (keyof Shape & string)[];
  readonly autoName?: AutoName;
  /** What no single input shows: property → what is wrong with it. */
  problems?(inputs: Properties): Readonly<Record<string, string>>;
  /** What the state shows in place of an input. */
  shown?(inputs: z.output<z.ZodObject<Shape>>): Properties;
  /**
   * Calls `made` as soon as there is something that must not be forgotten, and again where its last look was what `read`
   * would give.
   */
  create(
    session: Session,
    inputs: z.output<z.ZodObject<Shape>>,
    made: (id: string, seen?: Properties) => void,
  ): Promise<void>;
  /** All that the API knows; undefined when it is gone. `known` is what the state has. */
  read(session: Session, id: string, known: Properties): Promise<Properties | undefined>;
  update?(session: Session, id: string, inputs: z.output<z.ZodObject<Shape>>, old: Properties): Promise<void>;
  remove(session: Session, id: string, outputs: Properties): Promise<void>;
}

/** Serves a type as Pulumi's bridge for Terraform providers does. */
export function bridged<Session, Shape extends z.core.$ZodShape>(
  type: ResourceType<Session, Shape>,
  session: () => Session,
): AnyHandler {
  const inputsOf = (properties: Properties) => type.inputs.parse(withoutMarks(properties));
  const known = (inputs: Properties, old: Properties) => ({
    ...old,
    ...withoutMarks(inputs),
    ...type.shown?.(inputsOf(inputs)),
  });
  const merged = (inputs: Properties, old: Properties, fresh: Properties) => ({
    ...known(inputs, old),
    ...normal(type, fresh),
  });
  const state = async (id: string, inputs: Properties, old: Properties) => {
    const fresh = await type.read(session(), id, known(inputs, old));
    return fresh && merged(inputs, old, fresh);
  };
  return {
    schemas: { inputs: type.inputs, outputs: z.looseObject({}) },
    computed: type.computed,
    changes: Object.fromEntries(
      Object.entries<ChangeRule | undefined>(type.changes).flatMap(([key, rule]) =>
        rule ? [[key, rule]] : [],
      ),
    ),
    deletesFirst: (old, inputs) => {
      const property = type.autoName?.property;
      if (property === undefined || defaulted(inputs).includes(property)) return false;
      return old[property] === inputs[property];
    },
    complete: async (inputs, { name, old }) => completed(type, inputs, name, old),
    problems: (inputs) => [
      ...problemsOf(type.inputs, withoutMarks(inputs)),
      ...Object.entries(type.problems?.(withoutMarks(inputs)) ?? {}).map(([path, reason]) => ({
        path,
        reason,
      })),
    ],
    drift: () => ({}),
    async preview(inputs, old) {
      const computed = type.computed.map((key) => [key, old?.[key] ?? unknownValue] as const);
      return { ...Object.fromEntries(computed), ...withoutMarks(inputs) };
    },
    async create(inputs) {
      let id: string | undefined;
      try {
        let seen: Properties | undefined;
        await type.create(session(), inputsOf(inputs), (made, found) => {
          id = made;
          seen = found;
        });
        if (id === undefined) throw new Error('nothing was made');
        const outputs = seen ? merged(inputs, {}, seen) : await state(id, inputs, {});
        if (!outputs) throw new Error(`${id} was made and is gone`);
        return { id, outputs };
      } catch (error) {
        if (id === undefined) throw error;
        const outputs = await state(id, inputs, {}).catch(() => undefined);
        throw new InitFailed(messageOf(error), id, outputs ?? withoutMarks(inputs), { cause: error });
      }
    },
    async read(id, outputs, inputs) {
      const fresh = await type.read(session(), id, outputs);
      if (!fresh) return undefined;
      const found = normal(type, fresh);
      // What the cloud says now stands in for what the program said, so that a difference shows.
      const partial: readonly string[] = type.partial ?? [];
      const known = Object.entries(inputs).map(([key, value]) => {
        if (!(key in found)) return [key, value];
        return [key, partial.includes(key) ? narrowed(found[key], value) : found[key]];
      });
      return { outputs: { ...outputs, ...found }, inputs: Object.fromEntries(known) };
    },
    async update(id, inputs, old) {
      await type.update?.(session(), id, inputsOf(inputs), old);
      const outputs = await state(id, inputs, old);
      if (!outputs) throw new Error(`${id} is gone; next step: pulumi up --refresh`);
      return outputs;
    },
    delete: (id, outputs) => type.remove(session(), id, outputs),
  };
}

/** The bridge notes which inputs are no wish of the program: a name of those may change freely. */
const mark = '__defaults';

function withoutMarks({ [mark]: _, ...properties }: Properties): Properties {
  return properties;
}

function defaulted(inputs: Properties): readonly unknown[] {
  return Array.isArray(inputs[mark]) ? inputs[mark] : [];
}

/** Of an object that was found, or of each of a list, what the program says something about. */
function narrowed(found: unknown, given: unknown): unknown {
  if (Array.isArray(found) && Array.isArray(given)) return found.map((each, at) => narrowed(each, given[at]));
  if (!isObject(found) || !isObject(given)) return found;
  return Object.fromEntries(Object.keys(given).map((key) => [key, found[key]]));
}

function isObject(value: unknown): value is Properties {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function completed<Session, Shape extends z.core.$ZodShape>(
  type: ResourceType<Session, Shape>,
  inputs: Properties,
  name: string,
  old: Properties | undefined,
): Properties {
  const given = withoutMarks(inputs);
  const usual: Properties = { ...type.defaults, ...(type.autoName && named(type.autoName, name, old)) };
  const missing = Object.keys(usual).filter((key) => given[key] === undefined);
  const inner = Object.entries<Properties | undefined>(type.innerDefaults ?? {}).map(
    ([key, defaults]) => [key, filled(given[key], defaults ?? {})] as const,
  );
  const whole = { ...usual, ...given, ...Object.fromEntries(inner) };
  const known = Object.entries(whole).filter(([, value]) => value !== undefined);
  return { ...normal(type, Object.fromEntries(known)), [mark]: missing };
}

function named({ property, longest }: AutoName, name: string, old: Properties | undefined): Properties {
  const kept = old && defaulted(old).includes(property) ? old[property] : undefined;
  const unique = `-${randomBytes(4).toString('hex').slice(0, 7)}`;
  return { [property]: kept ?? `${name.slice(0, longest - unique.length)}${unique}` };
}

function filled(value: unknown, defaults: Properties): unknown {
  if (Array.isArray(value)) return value.map((each) => filled(each, defaults));
  return typeof value === 'object' && value !== null ? { ...defaults, ...value } : value;
}

function normal<Session, Shape extends z.core.$ZodShape>(
  type: ResourceType<Session, Shape>,
  properties: Properties,
): Properties {
  const sets: readonly string[] = type.sets ?? [];
  const entries = Object.entries(properties).map(
    ([key, value]) => [key, sets.includes(key) ? sorted(value) : value] as const,
  );
  return Object.fromEntries(entries);
}

/** What is wrong with inputs. What is not known yet fits anywhere. */
export function problemsOf(schema: z.ZodType, inputs: Properties): { path: string; reason: string }[] {
  const issues = schema.safeParse(inputs, { reportInput: true }).error?.issues ?? [];
  return issues
    .filter((issue) => issue.input !== unknownValue)
    .map((issue) => ({ path: issue.path.join('.'), reason: issue.message }));
}
