// @peculiar/x509's dependency container wants this polyfill before it is loaded.
import 'reflect-metadata';
import { isIPv4 } from 'node:net';
import * as x509 from '@peculiar/x509';
import { serviceDomain } from '../model/service-leaf.ts';
import { tagged } from './der.ts';

/** What an authority may vouch for. A leaked authority key can then impersonate nothing outside it. */
export interface PermittedNames {
  /** DNS names; each also permits the names below it. */
  readonly dns: readonly string[];
  /** IPv4 networks, `10.0.0.0/8`. */
  readonly networks: readonly string[];
}

/** Loopback, RFC 1918 and RFC 6598 addresses; local names. Machines with public addresses need their own list. */
export const privateNames: PermittedNames = {
  dns: ['localhost', 'internal'],
  networks: ['127.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'],
};

/** For services: their own names, on the networks of machines. It vouches for no machine's name and no localhost. */
export const serviceNames: PermittedNames = {
  dns: [serviceDomain],
  networks: privateNames.networks.filter((network) => !network.startsWith('127.')),
};

/**
 * The critical extension of RFC 5280 section 4.2.1.10. `@peculiar/x509` has no class for it, so its DER is written
 * here: `SEQUENCE { [0] permittedSubtrees { SEQUENCE { [2] dNSName | [7] iPAddress } … } }`.
 *
 * @throws when a network is not `a.b.c.d/prefix`.
 */
export function nameConstraints({ dns, networks }: PermittedNames): x509.Extension {
  const bases = [
    ...dns.map((name) => tagged(0x82, Buffer.from(name, 'latin1'))),
    ...networks.map((network) => tagged(0x87, addressAndMask(network))),
  ];
  const subtrees = bases.map((base) => tagged(0x30, base));
  const value = tagged(0x30, tagged(0xa0, Buffer.concat(subtrees)));
  return new x509.Extension('2.5.29.30', true, value);
}

function addressAndMask(network: string): Buffer {
  const [address = '', prefix = ''] = network.split('/');
  const bits = Number(prefix);
  if (!isIPv4(address) || !/^\d+$/.test(prefix) || bits > 32) {
    throw new Error(`Expected an IPv4 network like 10.0.0.0/8, got "${network}".`);
  }
  const mask = Buffer.alloc(4);
  mask.writeUInt32BE(bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0);
  return Buffer.concat([Buffer.from(address.split('.').map(Number)), mask]);
}
