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

/** What is said of machines in zones that the config does not have any more. */
export function strandedText(
  machines: readonly { readonly name: string; readonly group: string; readonly zone: string }[],
): string {
  const where = machines.map(({ name, zone }) => `${name} is in zone ${zone}`).join(', ');
  const zones = [...new Set(machines.map(({ zone }) => zone))].join(' and ');
  const groups = [...new Set(machines.map(({ group }) => group))].map(
    (each) => `flotilla:machines.${each}.generation`,
  );
  return (
    `${where}, and flotilla:aws.zones has no ${zones} any more: its subnet can't go while they are there. Nothing was ` +
    `deleted. Next step: put ${zones} back; to leave the zone, take it out and raise ${groups.join(' and ')} in one ` +
    'change, which makes the machines anew in the other zones'
  );
}
