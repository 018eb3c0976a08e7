import { type Ipv4Range, parseRange } from '../config/addresses.ts';

/** A range that the config's check has let through. */
export function rangeOf(cidr: string): Ipv4Range {
  const range = parseRange(cidr);
  if (!range) throw new TypeError(`${cidr} was accepted as a private range and is none`);
  return range;
}

/** How many addresses it has. */
export function addressCount({ prefixLength }: Pick<Ipv4Range, 'prefixLength'>): number {
  return 2 ** (32 - prefixLength);
}

export function overlap(a: Ipv4Range, b: Ipv4Range): boolean {
  return a.base < b.base + addressCount(b) && b.base < a.base + addressCount(a);
}
