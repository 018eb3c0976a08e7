import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import ts from 'typescript';
import { z } from 'zod';
import { createHandlers } from './types.ts';

/** The declarations of the SDK that programs are written with. */
const sdk = join(import.meta.dirname, '..', '..', '..', '..', 'node_modules', '@pulumi', 'digitalocean');

const handlers = createHandlers(() => {
  throw new Error('nothing is called here');
});

/** A value's shape: a plain type, a list of one, or an object by its members. */
type Shape = string | readonly [Shape] | Members;
interface Members {
  readonly [name: string]: { readonly shape: Shape; readonly required: boolean };
}

/** Members of an interface or class of the SDK. */
function declared(file: string, name: string): Members {
  const source = ts.createSourceFile(file, readFileSync(join(sdk, file), 'utf8'), ts.ScriptTarget.ES2022);
  const found = source.statements.find(
    (each): each is ts.InterfaceDeclaration | ts.ClassDeclaration =>
      (ts.isInterfaceDeclaration(each) || ts.isClassDeclaration(each)) && each.name?.text === name,
  );
  if (!found) throw new Error(`the SDK has no ${name} in ${file}`);
  const members = [...found.members].flatMap((member) => {
    if (!ts.isPropertySignature(member) && !ts.isPropertyDeclaration(member)) return [];
    const text = member.type?.getText(source) ?? '';
    const required = !member.questionToken && !/\| undefined>$/.test(text);
    return [[member.name.getText(source), { shape: shapeOf(text), required }] as const];
  });
  return Object.fromEntries(members);
}

/** `pulumi.Input<pulumi.Input<string>[] | undefined>` is a list of strings. */
function shapeOf(text: string): Shape {
  const plain = unwrapped(text).replace(/ \| (undefined|enums\.\w+)/g, '');
  if (plain.endsWith('[]')) return [shapeOf(plain.slice(0, -2))];
  const [, name] = /^inputs\.(\w+)$/.exec(plain) ?? [];
  return name === undefined ? plain : declared('types/input.d.ts', name);
}

function unwrapped(text: string): string {
  const inner = text.replace(/pulumi\.(?:Input|Output)<([^<>]*)>/g, '$1');
  return inner === text ? text : unwrapped(inner);
}

const Schema = z.looseObject({
  type: z.string(),
  items: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).default({}),
  required: z.array(z.string()).default([]),
});

/** The same of a JSON schema. */
function ours(json: unknown): Shape {
  const { type, items, properties, required } = Schema.parse(json);
  if (type === 'array') return [ours(items)];
  if (type !== 'object') return type === 'integer' ? 'number' : type;
  const members = Object.entries(properties).map(
    ([name, value]) => [name, { shape: ours(value), required: required.includes(name) }] as const,
  );
  return Object.fromEntries(members);
}

/** What our table says that the SDK does not. */
function differences(own: Shape, theirs: Shape, path = ''): string[] {
  if (typeof own === 'string' || typeof theirs === 'string')
    return own === theirs ? [] : [`${path} is ${JSON.stringify(theirs)}, not ${JSON.stringify(own)}`];
  if (isList(own) || isList(theirs))
    return isList(own) && isList(theirs) ? differences(own[0], theirs[0], path) : [`${path} is no such list`];
  const missing = Object.entries(theirs).flatMap(([name, { required }]) =>
    required && !(name in own) ? [`${path}.${name} is required`] : [],
  );
  const wrong = Object.entries(own).flatMap(([name, member]) => {
    const their = theirs[name];
    if (!their) return [`there is no ${path}.${name}`];
    // A name that the program leaves out is made up before inputs are looked at.
    const strict = member.required === their.required || (path === '' && name === 'name');
    return [
      ...(strict ? [] : [`${path}.${name} is ${their.required ? 'required' : 'optional'}`]),
      ...differences(member.shape, their.shape, `${path}.${name}`),
    ];
  });
  return [...missing, ...wrong];
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

/** Outputs that the SDK promises and a cluster has no use for. */
const unserved: Readonly<Record<string, readonly string[]>> = {
  LoadBalancer: ['domains', 'firewall', 'glbSettings', 'ipv6', 'stickySessions', 'targetLoadBalancerIds'],
};

const types = Object.entries(handlers).map(([token, handler]) => {
  const [, module = '', name = ''] = /^digitalocean:index\/(\w+):(\w+)$/.exec(token) ?? [];
  return { name, file: `${module}.d.ts`, handler };
});

test.each(types)(
  '$name takes only inputs that the SDK has, as the SDK has them',
  ({ name, file, handler }) => {
    expect(differences(ours(z.toJSONSchema(handler.schemas.inputs)), declared(file, `${name}Args`))).toEqual(
      [],
    );
  },
);

test.each(types)('$name gives the outputs that the SDK promises', ({ name, file, handler }) => {
  const promised = declared(file, name);
  const inputs = Object.keys(declared(file, `${name}Args`));
  const served = [...handler.computed, ...inputs];
  expect(handler.computed.filter((output) => !(output in promised))).toEqual([]);
  const lacking = Object.entries(promised).flatMap(([output, { required }]) =>
    required && !served.includes(output) ? [output] : [],
  );
  expect(lacking.filter((output) => !unserved[name]?.includes(output))).toEqual([]);
});

test('an input that the SDK does not have would be noticed', () => {
  const args = declared('vpc.d.ts', 'VpcArgs');
  expect(differences({ region: { shape: 'number', required: true } }, args)).toEqual([
    '.region is "string", not "number"',
  ]);
  expect(differences({ moon: { shape: 'string', required: false } }, args)).toEqual([
    '.region is required',
    'there is no .moon',
  ]);
});
