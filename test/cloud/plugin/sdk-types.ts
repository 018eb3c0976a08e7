import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import * as z from 'zod';

const modules = join(import.meta.dirname, '..', '..', '..', 'node_modules', '@pulumi');

/** A value's shape: a plain type, a list of one, or an object by its members. */
export type Shape = string | readonly [Shape] | Members;
export interface Members {
  readonly [name: string]: { readonly shape: Shape; readonly required: boolean };
}

/** A map of texts, such as tags. */
const texts = '{ [key: string]: string }';

/** The declarations of an SDK that programs are written with. */
export class SdkTypes {
  readonly #folder: string;
  readonly #sources = new Map<string, ts.SourceFile>();

  /** @param name of the package after `@pulumi/` */
  constructor(name: string) {
    this.#folder = join(modules, name);
  }

  /**
   * Members of an interface or class.
   *
   * @param name as in `InstanceArgs`, or with its namespace: `ec2.InstanceMetadataOptions`
   */
  members(file: string, name: string): Members {
    const source = this.#source(file);
    const found = declarationOf(source.statements, name.split('.'));
    if (!found) throw new Error(`the SDK has no ${name} in ${file}`);
    const members = [...found.members].flatMap((member) => {
      if (!ts.isPropertySignature(member) && !ts.isPropertyDeclaration(member)) return [];
      const text = member.type?.getText(source) ?? '';
      const required = !member.questionToken && !/\| undefined>$/.test(text);
      return [[member.name.getText(source), { shape: this.#shapeOf(text), required }] as const];
    });
    return Object.fromEntries(members);
  }

  #source(file: string): ts.SourceFile {
    const known = this.#sources.get(file);
    if (known) return known;
    const text = readFileSync(join(this.#folder, file), 'utf8');
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022);
    this.#sources.set(file, source);
    return source;
  }

  /** `pulumi.Input<pulumi.Input<string>[] | undefined>` is a list of strings. */
  #shapeOf(text: string): Shape {
    const plain = unwrapped(text).replace(/ \| (undefined|enums\.[\w.]+)/g, '');
    if (/^\{\s*\[key: string\]: string;?\s*\}$/.test(plain)) return texts;
    if (plain.endsWith('[]')) return [this.#shapeOf(plain.slice(0, -2))];
    const [, name] = /^inputs\.([\w.]+)$/.exec(plain) ?? [];
    return name === undefined ? plain : this.members('types/input.d.ts', name);
  }
}

function declarationOf(
  statements: ts.NodeArray<ts.Statement>,
  [name, ...inner]: readonly string[],
): ts.InterfaceDeclaration | ts.ClassDeclaration | undefined {
  for (const each of statements) {
    if (inner.length === 0 && (ts.isInterfaceDeclaration(each) || ts.isClassDeclaration(each)))
      if (each.name?.text === name) return each;
    if (inner.length > 0 && ts.isModuleDeclaration(each) && each.name.text === name)
      if (each.body && ts.isModuleBlock(each.body)) return declarationOf(each.body.statements, inner);
  }
  return undefined;
}

function unwrapped(text: string): string {
  const inner = text.replace(/pulumi\.(?:Input|Output)<([^<>]*)>/g, '$1');
  return inner === text ? text : unwrapped(inner);
}

const Schema = z.looseObject({
  type: z.string(),
  items: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).default([]),
});

/** The shape of a type's inputs in our tables. */
export function shapeOfInputs(schema: z.ZodType): Members {
  const shape = shapeOfJson(z.toJSONSchema(schema, { io: 'input' }));
  if (typeof shape === 'string' || isList(shape)) throw new Error('inputs are an object');
  return shape;
}

function shapeOfJson(json: unknown): Shape {
  const { type, items, properties, required } = Schema.parse(json);
  if (type === 'array') return [shapeOfJson(items)];
  if (type !== 'object') return type === 'integer' ? 'number' : type;
  if (!properties) return texts;
  const members = Object.entries(properties).map(
    ([name, value]) => [name, { shape: shapeOfJson(value), required: required.includes(name) }] as const,
  );
  return Object.fromEntries(members);
}

/**
 * What our table says that the SDK does not.
 *
 * @param madeUp an input that is completed before inputs are looked at: it may be required in ours alone
 */
export function differences(own: Shape, theirs: Shape, madeUp?: string, path = ''): string[] {
  if (typeof own === 'string' || typeof theirs === 'string')
    return own === theirs ? [] : [`${path} is ${JSON.stringify(theirs)}, not ${JSON.stringify(own)}`];
  if (isList(own) || isList(theirs))
    return isList(own) && isList(theirs)
      ? differences(own[0], theirs[0], undefined, path)
      : [`${path} is no such list`];
  const missing = Object.entries(theirs).flatMap(([name, { required }]) =>
    required && !(name in own) ? [`${path}.${name} is required`] : [],
  );
  const wrong = Object.entries(own).flatMap(([name, member]) => {
    const their = theirs[name];
    if (!their) return [`there is no ${path}.${name}`];
    const strict = member.required === their.required || name === madeUp;
    return [
      ...(strict ? [] : [`${path}.${name} is ${their.required ? 'required' : 'optional'}`]),
      ...differences(member.shape, their.shape, undefined, `${path}.${name}`),
    ];
  });
  return [...missing, ...wrong];
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}
