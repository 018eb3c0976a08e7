import { stringify } from 'yaml';
import type { MachinePlan } from '../../plan/plan.ts';

/** The two files that a NoCloud seed holds beside the user data (cloud-init, "NoCloud"). */
export interface Seed {
  readonly metaData: string;
  readonly networkConfig: string;
}

/** `instanceId` names one life of the machine: cloud-init does everything again when it changes. */
export function renderSeed(plan: MachinePlan, instanceId: string): Seed {
  return {
    metaData: stringify({ 'instance-id': instanceId, 'local-hostname': plan.name }),
    networkConfig: stringify({
      version: 2,
      ethernets: {
        lan: {
          match: { macaddress: lanMac(plan.address) },
          dhcp4: false,
          addresses: [`${plan.address}/${plan.prefixLength}`],
        },
        wan: { match: { macaddress: wanMac(plan.address) }, dhcp4: true },
      },
    }),
  };
}

/** 52:54 is QEMU's locally administered prefix; the address behind it makes the MAC as unique as the address. */
export const lanMac = (address: string) => mac('52:54', address);
export const wanMac = (address: string) => mac('52:56', address);

function mac(prefix: string, address: string): string {
  const octets = address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
  return `${prefix}:${octets.join(':')}`;
}
