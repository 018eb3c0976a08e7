import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { lanFile, lanMac, renderSeed, seedFiles, wanMac } from './seed.ts';

const facts = {
  hostname: 'core-1',
  instanceId: 'core-1-1',
  address: '10.77.1.11/16',
  userData: '#cloud-config\n',
};

/** As cloud-init's PyYAML reads it: 1.1, where much that looks like text is none. */
const read = (text: string): unknown => parse(text, { schema: 'yaml-1.1' });

test('the seed of a machine', () => {
  const { userData, metaData, networkConfig } = renderSeed(facts);
  expect(userData).toBe(facts.userData);
  expect(read(metaData)).toEqual({ 'instance-id': 'core-1-1', 'local-hostname': 'core-1' });
  expect(read(networkConfig)).toEqual({
    version: 2,
    ethernets: {
      lan: {
        match: { macaddress: '52:54:0a:4d:01:0b' },
        dhcp4: false,
        addresses: ['10.77.1.11/16'],
      },
      wan: { match: { macaddress: wanMac }, dhcp4: true },
    },
  });
});

test('where there is no cloud-init, networkd is told of the same card and address', () => {
  expect(lanFile(facts.address)).toEqual({
    path: '/etc/systemd/network/10-flotilla-lan.network',
    contents: '[Match]\nMACAddress=52:54:0a:4d:01:0b\n\n[Network]\nDHCP=no\nAddress=10.77.1.11/16\n',
    mode: '0644',
  });
});

test('the file that a machine is known by comes first', () => {
  expect(seedFiles(renderSeed(facts))[0]).toEqual(['user-data', facts.userData]);
  expect(seedFiles({ ignition: '{}' })).toEqual([['config.ign', '{}']]);
});

test('an isolated machine is given no resolver, which it could not reach', () => {
  const { networkConfig } = renderSeed({ ...facts, isolated: true });
  expect(read(networkConfig)).toMatchObject({
    ethernets: { wan: { dhcp4: true, 'dhcp4-overrides': { 'use-dns': false } } },
  });
});

test('every address and name is text to cloud-init', () => {
  const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
  const label = fc.stringMatching(/^[a-z0-9]{1,12}$/);
  fc.assert(
    fc.property(octets, label, (numbers, name) => {
      const address = `${numbers.join('.')}/24`;
      const { metaData, networkConfig } = renderSeed({ ...facts, address, hostname: name, instanceId: name });
      expect(read(metaData)).toEqual({ 'instance-id': name, 'local-hostname': name });
      expect(read(networkConfig)).toMatchObject({
        ethernets: { lan: { match: { macaddress: lanMac(address) }, addresses: [address] } },
      });
    }),
  );
});
