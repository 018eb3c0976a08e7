import { messageOf } from '../model/message-of.ts';
import { type TemplateFunction, takes } from './function.ts';
import { Complaint } from './template-error.ts';
import { isDictionary, List, nameOf, type Value } from './value.ts';

/** How deep arrays and objects may stand in each other. */
const maxDepth = 500;

export const jsonFunctions: Readonly<Record<string, TemplateFunction>> = {
  json: takes(['string'], ([text]) => {
    const value = parse(text);
    if (value === null) return new Map();
    if (isDictionary(value)) return value;
    throw new Complaint(`${nameOf(value)} in JSON`, 'expected an object; jsonArray reads arrays');
  }),
  jsonArray: takes(['string'], ([text]) => {
    const value = parse(text);
    if (value === null) return new List('any', []);
    if (value instanceof List) return value;
    throw new Complaint(`${nameOf(value)} in JSON`, 'expected an array; json reads objects');
  }),
};

function parse(text: string): Value {
  try {
    return fromJson(JSON.parse(text), 0);
  } catch (error) {
    if (error instanceof Complaint) throw error;
    throw new Complaint(`the text is no JSON: ${messageOf(error)}`, 'expected JSON, as its key should hold');
  }
}

function fromJson(json: unknown, depth: number): Value {
  if (depth > maxDepth)
    throw new Complaint(`JSON of more than ${maxDepth} levels`, 'expected a simpler value');
  if (Array.isArray(json))
    return new List(
      'any',
      json.map((each) => fromJson(each, depth + 1)),
    );
  if (typeof json === 'object' && json !== null) {
    return new Map(Object.entries(json).map(([key, each]) => [key, fromJson(each, depth + 1)]));
  }
  if (typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean') return json;
  return null;
}
