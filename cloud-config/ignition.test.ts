import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bootOptions as instances } from '../src/platform/aws/preflight.ts';
import { bootOptions as droplets } from '../src/platform/digitalocean/preflight.ts';
import { lanFile } from '../src/qemu/seed.ts';
import { generateSshKey } from '../src/ssh/key-pair.ts';
import type { BuildOptions } from './build.ts';
import { buildMachineConfig } from './first-boot.ts';
import { flatcarPrograms } from './flatcar.ts';
import { renderIgnition } from './ignition.ts';
import type { MachineConfig } from './machine-config.ts';

const access = {
  authorizedKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOPERATOR operator',
  sshHostKey: {
    privateKey: '-----BEGIN OPENSSH PRIVATE KEY-----\nONE-TIME\n-----END OPENSSH PRIVATE KEY-----\n',
    publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIONETIME core-1',
  },
};
const configOf = (name: string, options: BuildOptions, disk: { etcdDisk?: number } = {}) =>
  buildMachineConfig({ name, os: 'flatcar', etcd: name === 'core-1', ...disk }, access, options);
const core = configOf('core-1', instances);
const worker = configOf('worker-1', instances);

/** As the provider of local machines hands it over. */
function inQemu(name: string, address: string): MachineConfig {
  const config = configOf(name, { prebuilt: false, emulated: true });
  return { ...config, files: [...config.files, lanFile(address)] };
}

interface Rendered {
  readonly storage: {
    readonly files: readonly {
      path: string;
      mode: number;
      overwrite: boolean;
      contents: { source: string };
    }[];
  };
  readonly systemd: { readonly units: readonly { name: string; enabled?: boolean; contents?: string }[] };
}

function rendered(config: MachineConfig): Rendered {
  return JSON.parse(renderIgnition(config));
}

/** What Ignition writes: path → mode and contents. */
function filesOf(config: MachineConfig): ReadonlyMap<string, { mode: number; contents: string }> {
  return new Map(
    rendered(config).storage.files.map(({ path, mode, contents: { source } }) => [
      path,
      { mode, contents: decodeURIComponent(source.slice('data:,'.length)) },
    ]),
  );
}

/** Golden documents: `UPDATE_GOLDEN=1 npm run check` writes them anew, to be read before they are committed. */
describe.each([
  { name: 'core-flatcar-aws', config: core },
  { name: 'core-flatcar-aws-etcd-disk', config: configOf('core-1', instances, { etcdDisk: 10 }) },
  { name: 'worker-flatcar-aws', config: worker },
  { name: 'core-flatcar-digitalocean', config: configOf('core-1', droplets) },
  { name: 'worker-flatcar-digitalocean', config: configOf('worker-1', droplets) },
  { name: 'core-flatcar-local', config: inQemu('core-1', '10.77.1.11/16') },
  { name: 'worker-flatcar-local', config: inQemu('worker-1', '10.77.2.11/16') },
])('$name', ({ name, config }) => {
  const path = join('test', 'golden', `${name}.ign`);
  if (process.env.UPDATE_GOLDEN) writeFileSync(path, renderIgnition(config));

  test('is the golden document, byte for byte', () => {
    expect(renderIgnition(config)).toBe(readFileSync(path, 'utf8'));
  });

  test('holds no private key but the one-time host key, which root alone reads', () => {
    const secret = [...filesOf(config)].filter(([, { contents }]) => contents.includes('PRIVATE KEY'));
    expect(secret).toEqual([
      ['/etc/ssh/ssh_host_ed25519_key', { mode: 0o600, contents: access.sshHostKey.privateKey }],
    ]);
    expect(renderIgnition(config).match(/PRIVATE/g)).toHaveLength(2);
  });

  test('writes below /etc alone: /usr is read-only', () => {
    for (const path of filesOf(config).keys()) expect(path).toMatch(/^\/etc\//);
  });
});

test('fits into the user data of AWS as it is, since Ignition unpacks none there', () => {
  const name = 'x'.repeat(40);
  const keys = { authorizedKey: generateSshKey('s'.repeat(100)).publicKey, sshHostKey: generateSshKey(name) };
  const config = buildMachineConfig({ name, os: 'flatcar', etcd: true, etcdDisk: 16384 }, keys, {
    ...instances,
    emulated: true,
  });
  expect(Buffer.byteLength(renderIgnition(config))).toBeLessThan(16 * 1024);
});

test('every unit runs what is sent or what the image has', () => {
  const commands = rendered(core).systemd.units.flatMap(({ contents = '' }) =>
    [...contents.matchAll(/^Exec\w+=(\S+)/gm)].map(([, program]) => program),
  );
  const known = [flatcarPrograms.etcd, flatcarPrograms.node, '/usr/sbin/iptables'];
  expect([...new Set(commands)].sort()).toEqual(known.sort());
});

test('nobody is put into a group of the image: Ignition finds only those that it makes itself', () => {
  expect(core.groups).toEqual(expect.arrayContaining(core.users.flatMap(({ groups }) => groups)));
});

test('etcd goes to its members only', () => {
  const names = (config: MachineConfig) => rendered(config).systemd.units.map(({ name }) => name);
  expect(names(core)).toEqual(expect.arrayContaining(['etcd.service', 'etcd.path']));
  expect(names(worker)).not.toEqual(expect.arrayContaining(['etcd.service']));
});

test('a unit that waits for another to start it is not said to be disabled', () => {
  const agent = rendered(core).systemd.units.find(({ name }) => name === 'flotilla-agent.service');
  expect(agent).toEqual({ name: 'flotilla-agent.service', contents: expect.stringContaining('[Service]') });
});

test('a unit of the image is enabled without contents', () => {
  const units = [{ name: 'docker.service', enabled: true }];
  expect(rendered({ ...worker, units }).systemd.units).toEqual(units);
});

test('packages are refused by name', () => {
  expect(() => renderIgnition({ ...worker, packages: ['etcd-server', 'nodejs'] })).toThrow(
    'worker-1 would lack etcd-server, nodejs: Ignition installs no packages',
  );
});

test('every text and mode arrives as it is', () => {
  const modes = fc.constantFrom('0644', '0600', '0755', '0440');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), modes, (contents, mode) => {
      const config = { ...worker, files: [{ path: '/etc/any', contents, mode }] };
      expect(filesOf(config).get('/etc/any')).toEqual({ contents, mode: Number.parseInt(mode, 8) });
    }),
  );
});
