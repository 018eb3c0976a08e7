import type { Metadata } from '../model/machine.ts';
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
    const value = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
    return value === undefined || !wanted[key]?.includes(value);
  });
}
