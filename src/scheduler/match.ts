import type { MetadataCondition } from '../model/flotilla-options.ts';
import { type Metadata, metadataValue } from '../model/machine.ts';
import { readNumber } from '../unit/conditions.ts';
import type { Requirements } from '../unit/requirements.ts';

/** Digits of a machine id that people read and `MachineID=` may give. */
const shortIdLength = 8;

export function shortId(machineId: string): string {
  return machineId.slice(0, shortIdLength);
}

/** `MachineID=` means the full id or its short form. */
export function matchesMachineId(machineId: string, wanted: string): boolean {
  return wanted === machineId || wanted === shortId(machineId);
}

/** The first key of which the machine has none of the wanted values; undefined when all match. */
export function missingMetadata(metadata: Metadata, wanted: Requirements['metadata']): string | undefined {
  return Object.keys(wanted).find((key) => {
    const value = metadataValue(metadata, key);
    return value === undefined || !wanted[key]?.includes(value);
  });
}

/**
 * Whether a machine meets a condition. A machine without the key is not `=`, not `in` and not below or above
 * anything, but it is `!=` and `not in` everything. Order is known between numbers only: text on the machine's
 * side makes the condition false.
 */
export function meets(metadata: Metadata, { key, operator, values }: MetadataCondition): boolean {
  const found = metadataValue(metadata, key);
  switch (operator) {
    case '=':
    case 'in':
      return found !== undefined && values.includes(found);
    case '!=':
    case 'not in':
      return found === undefined || !values.includes(found);
    default:
      return orders[operator](
        readNumber(found ?? '') ?? Number.NaN,
        readNumber(values[0] ?? '') ?? Number.NaN,
      );
  }
}

/** Comparisons with NaN are false, which is what a text is here. */
const orders = {
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
};

export function conditionText({ key, operator, values }: MetadataCondition): string {
  const list = operator === 'in' || operator === 'not in';
  return list ? `${key} ${operator} (${values.join(',')})` : `${key}${operator}${values[0]}`;
}
