import { BlockList, isIP, isIPv6 } from 'node:net';
import type { ProxyJump } from '../model/proxy-jump.ts';

/**
 * What is allowed and yet worth a word of who may reach the machines' SSH.
 *
 * @param path where the ranges stand in the config
 */
export function sshFromWarnings(
  path: string,
  ranges: readonly string[],
  jump?: Pick<ProxyJump, 'address'>,
): string[] {
  const wide = ranges.filter((range) => range.includes('/') && Number(range.split('/')[1]) < 8);
  return [
    ...wide.map(
      (range) =>
        `${path}: ${range} lets the world try SSH. Keys alone are accepted there, but name your own range where you can`,
    ),
    ...bastionShutOut(path, ranges, jump),
  ];
}

/**
 * A word of warning where a cloud's firewall would keep the bastion from the machines' SSH. Only a warning: the cloud
 * may see the bastion at another address than the operator does. Of a name nothing is known before it is asked for.
 */
function bastionShutOut(
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
