import { stringify } from 'yaml';

/** What a machine reads at its first boot, and at each of cloud-init's looks. */
export type Seed = CloudInitSeed | IgnitionSeed;

/** cloud-init's NoCloud files, word for word (cloud-init, "NoCloud"). */
export interface CloudInitSeed {
  readonly userData: string;
  readonly metaData: string;
  readonly networkConfig: string;
}

export interface IgnitionSeed {
  /** The config, JSON. */
  readonly ignition: string;
}

/** Ignition's file in the folder of the seed. */
export const ignitionFile = 'config.ign';

/** The seed as files, that with the machine's config first: name → contents. */
export function seedFiles(seed: Seed): readonly (readonly [string, string])[] {
  if ('ignition' in seed) return [[ignitionFile, seed.ignition]];
  const { userData, metaData, networkConfig } = seed;
  return [
    ['user-data', userData],
    ['meta-data', metaData],
    ['network-config', networkConfig],
  ];
}

/**
 * For systemd-networkd, where there is no cloud-init to write it: the card on the cluster's network. The other one is
 * as every system has it, by DHCP.
 */
export function lanFile(address: string) {
  return {
    path: '/etc/systemd/network/10-flotilla-lan.network',
    contents: `[Match]\nMACAddress=${lanMac(address)}\n\n[Network]\nDHCP=no\nAddress=${address}\n`,
    mode: '0644',
  };
}

export interface SeedFacts {
  readonly hostname: string;
  /** Names one life of the machine: cloud-init does everything again when it changes. */
  readonly instanceId: string;
  /** On the cluster's network, with the prefix's length: `10.77.1.11/16`. */
  readonly address: string;
  readonly userData: string;
  /** Has no resolver either: whoever asks for a name is told at once that there is none. Default false. */
  readonly isolated?: boolean;
}

export function renderSeed({ hostname, instanceId, address, userData, isolated }: SeedFacts): CloudInitSeed {
  return {
    userData,
    metaData: yaml({ 'instance-id': instanceId, 'local-hostname': hostname }),
    networkConfig: yaml({
      version: 2,
      ethernets: {
        lan: { match: { macaddress: lanMac(address) }, dhcp4: false, addresses: [address] },
        wan: {
          match: { macaddress: wanMac },
          dhcp4: true,
          ...(isolated ? { 'dhcp4-overrides': { 'use-dns': false } } : {}),
        },
      },
    }),
  };
}

/** cloud-init reads YAML 1.1, in which a MAC address without letters is a number to the base of 60 unless quoted. */
function yaml(document: object): string {
  return stringify(document, { schema: 'yaml-1.1' });
}

/** 52:54 is QEMU's locally administered prefix; the address behind it makes the MAC as unique as the address. */
export function lanMac(address: string): string {
  const [host = ''] = address.split('/');
  const octets = host.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
  return `52:54:${octets.join(':')}`;
}

/**
 * The card towards the host and the internet. Behind it is a network of the machine's own (slirp), so all machines can
 * have the same one, and a machine that wakes from a template need not change it under the connection it is met on.
 */
export const wanMac = '52:56:00:00:00:01';
