import type { MetadataCondition } from '../model/flotilla-options.ts';
import { type Reading, read } from './reading.ts';

const word = '[^\\s=!<>(),"]+';
// Blanks are single by then: runs of them, tried at every length, would take seconds.
const comparison = new RegExp(`^(${word}) ?(!=|<=|>=|=|<|>) ?(${word})$`);
const membership = new RegExp(`^(${word}) (in|not in) ?\\(([^()]*)\\)$`);
const wordOnly = new RegExp(`^${word}$`);

const operators: Readonly<Record<string, MetadataCondition['operator']>> = {
  ...{ '=': '=', '!=': '!=', '<': '<', '<=': '<=', '>': '>', '>=': '>=' },
};

/** `MachineMetadata=` in `[X-Flotilla]`: `disk!=hdd`, `cpus>=4`, `region in (eu,us)`, `region not in (eu,us)`. */
export function readCondition(text: string): Reading<MetadataCondition> {
  const condition = text.replace(/\s+/g, ' ');
  return readComparison(condition) ?? readMembership(condition) ?? malformed;
}

const malformed: Reading<never> = {
  rule: 'condition',
  expected: 'a condition on metadata',
  fix: 'write key=value, key!=value, key>=4 (also > < <=), key in (a,b) or key not in (a,b); several in quotes',
};

function readComparison(text: string): Reading<MetadataCondition> | undefined {
  const [, key, sign = '', value] = comparison.exec(text) ?? [];
  const operator = operators[sign];
  if (key === undefined || value === undefined || operator === undefined) return undefined;
  if (isOrder(operator) && readNumber(value) === undefined) {
    return {
      rule: 'condition',
      expected: `a comparison of numbers: "${value}" is none`,
      fix: `${operator} compares numbers such as 4 or 2.5; for text use = != in or not in`,
    };
  }
  return read({ key, operator, values: [value] });
}

function readMembership(text: string): Reading<MetadataCondition> | undefined {
  const [, key, membershipWords, list = ''] = membership.exec(text) ?? [];
  if (key === undefined || membershipWords === undefined) return undefined;
  const values = list.split(',').map((value) => value.trim());
  if (!values.every((value) => wordOnly.test(value))) return undefined;
  return read({ key, operator: membershipWords === 'in' ? 'in' : 'not in', values: [...new Set(values)] });
}

function isOrder(operator: MetadataCondition['operator']): boolean {
  return operator === '<' || operator === '<=' || operator === '>' || operator === '>=';
}

/** A decimal number, the only form that order is known for; `0x10`, `1e3` and `16G` are text. */
export function readNumber(text: string): number | undefined {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
}
