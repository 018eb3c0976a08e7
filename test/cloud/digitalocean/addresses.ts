/** An IPv4 network: its first address and how many there are. */
export interface Network {
  readonly first: number;
  readonly count: number;
  readonly prefix: number;
}

/** Private networks (RFC 1918). */
const privateNetworks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];

/** Undefined for what is no network in CIDR notation; host bits must be 0. */
export function parseNetwork(cidr: string): Network | undefined {
  const [, address = '', bits] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(cidr) ?? [];
  const first = parseAddress(address);
  const prefix = Number(bits);
  if (first === undefined || !(prefix <= 32)) return undefined;
  const count = 2 ** (32 - prefix);
  return first % count === 0 ? { first, count, prefix } : undefined;
}

export function parseAddress(text: string): number | undefined {
  const bytes = text.split('.').map(Number);
  if (bytes.length !== 4 || bytes.some((byte) => !(byte >= 0 && byte <= 255))) return undefined;
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

export function overlaps(a: Network, b: Network): boolean {
  return a.first < b.first + b.count && b.first < a.first + a.count;
}

export function isPrivate(network: Network): boolean {
  return privateNetworks.some((cidr) => {
    const outer = parseNetwork(cidr);
    return (
      outer !== undefined &&
      network.first >= outer.first &&
      network.first + network.count <= outer.first + outer.count
    );
  });
}

/** The first /20 of 10.0.0.0/8 from 10.100.0.0 on that overlaps none of these. */
export function freeNetwork(taken: readonly Network[]): string {
  for (let second = 100; second < 256; second += 1) {
    const cidr = `10.${second}.0.0/20`;
    const network = parseNetwork(cidr);
    if (network && !taken.some((other) => overlaps(network, other))) return cidr;
  }
  throw new Error('no network is free in 10.100.0.0 to 10.255.0.0');
}

/** The first free address; DigitalOcean keeps the first ones, and the last one is for broadcasts. */
export function freeAddress(network: Network, taken: readonly string[]): string {
  for (let at = network.first + 2; at < network.first + network.count - 1; at += 1) {
    const address = formatAddress(at);
    if (!taken.includes(address)) return address;
  }
  throw new Error('no address is free in the network');
}
