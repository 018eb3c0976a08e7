import { BlockList, isIP, isIPv6 } from 'node:net';
import type { ProxyJump } from '../model/proxy-jump.ts';

/**
 * A word of warning where a cloud's firewall would keep the bastion from the machines' SSH. Only a warning: the cloud
 * may see the bastion at another address than the operator does. Of a name nothing is known before it is asked for.
 *
 * @param path where the ranges stand in the config
 */
export function bastionShutOut(
  path: string,
  ranges: readonly string[],
  jump: Pick<ProxyJump, 'address'> | undefined,
): string[] {
  if (!jump || !isIP(jump.address) || within(jump.address, ranges)) return [];
  return [
    `${path}: none of it holds ${jump.address}, the bastion's address, from which the machines' SSH will be dialed. Unless others see it at another address, add it`,
  ];
}

function within(address: string, ranges: readonly string[]): boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', length] = range.split('/');
    if (length === undefined) list.addAddress(network, familyOf(network));
    else list.addSubnet(network, Number(length), familyOf(network));
  }
  return list.check(address, familyOf(address));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
