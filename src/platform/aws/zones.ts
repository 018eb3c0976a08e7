import { formatAddress } from '../../config/addresses.ts';
import { type ZoneLetter, zoneLetters } from '../../config/aws.ts';
import { indexInGroup, type MachinePlan } from '../../plan/plan.ts';
import { addressCount, rangeOf } from '../range.ts';

/** Bits behind the network's prefix that choose a zone's part of it. */
export const zoneBits = Math.log2(zoneLetters.length);

/** The zone's part of the network. It follows from the letter alone: another list of zones moves no subnet. */
export function subnetRange(network: string, zone: ZoneLetter): string {
  const { base, prefixLength } = rangeOf(network);
  const part = { prefixLength: prefixLength + zoneBits };
  return `${formatAddress(base + zoneLetters.indexOf(zone) * addressCount(part))}/${part.prefixLength}`;
}

/** The zone of a machine, by its number alone: neither another count nor another group moves it. */
export function zoneOf(
  machine: Pick<MachinePlan, 'name' | 'group'>,
  zones: readonly ZoneLetter[],
): ZoneLetter {
  const zone = zones[indexInGroup(machine) % zones.length];
  if (!zone) throw new TypeError('a cluster has one zone at least');
  return zone;
}
