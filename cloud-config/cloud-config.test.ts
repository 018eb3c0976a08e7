import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { stackSchema } from '../src/config/schema.ts';
import { hostSystems, type OperatingSystem, systemTraits } from '../src/model/operating-system.ts';
import { type MachinePlan, planCluster } from '../src/plan/plan.ts';
import { bootOptions as instances } from '../src/platform/aws/preflight.ts';
import { bootOptions as droplets } from '../src/platform/digitalocean/preflight.ts';
import { debianRecipe } from '../src/qemu/recipe.ts';
import { type BuildOptions, packages } from './build.ts';
import { renderCloudConfig } from './cloud-config.ts';
import { buildMachineConfig } from './first-boot.ts';

const spec = stackSchema.parse({
  machines: {
    core: { count: 3, etcd: true, metadata: { role: 'core' }, publish: { 8080: 80 } },
    worker: { count: 1 },
  },
});
const access = {
  authorizedKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOPERATOR operator',
  sshHostKey: {
    privateKey: '-----BEGIN OPENSSH PRIVATE KEY-----\nONE-TIME\n-----END OPENSSH PRIVATE KEY-----\n',
    publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIONETIME core-1',
  },
};

/** Golden documents: `UPDATE_GOLDEN=1 npm run check` writes them anew, to be read before they are committed. */
const documents: readonly ({
  name: string;
  machine: string;
  os: OperatingSystem;
  etcdDisk?: number;
} & BuildOptions)[] = [
  { name: 'core-debian-13-prebuilt', machine: 'core-1', os: 'debian-13', prebuilt: true, emulated: true },
  { name: 'worker-debian-13-prebuilt', machine: 'worker-1', os: 'debian-13', prebuilt: true, emulated: true },
  { name: 'core-debian-13-packages', machine: 'core-1', os: 'debian-13', prebuilt: false, emulated: false },
  { name: 'core-debian-12-prebuilt', machine: 'core-1', os: 'debian-12', prebuilt: true, emulated: true },
  { name: 'core-debian-12-packages', machine: 'core-1', os: 'debian-12', prebuilt: false, emulated: false },
  {
    name: 'core-ubuntu-24.04-packages',
    machine: 'core-1',
    os: 'ubuntu-24.04',
    prebuilt: false,
    emulated: false,
  },
  ...hostSystems.flatMap((os) => [
    { name: `core-${os}-digitalocean`, machine: 'core-1', os, ...droplets },
    { name: `worker-${os}-digitalocean`, machine: 'worker-1', os, ...droplets },
    { name: `core-${os}-aws`, machine: 'core-1', os, ...instances },
    { name: `core-${os}-aws-etcd-disk`, machine: 'core-1', os, etcdDisk: 10, ...instances },
  ]),
];

function planOf(machine: string, os: MachinePlan['os']): MachinePlan {
  const plan = planCluster('golden', { ...spec, os }).machines.find(({ name }) => name === machine);
  if (!plan) throw new Error(`the golden plan has no ${machine}`);
  return plan;
}

describe.each(documents)('$name', ({ name, machine, os, etcdDisk, ...options }) => {
  const path = join('test', 'golden', `${name}.yaml`);
  const plan = { ...planOf(machine, os), ...(etcdDisk !== undefined && { etcdDisk }) };
  const render = () => renderCloudConfig(buildMachineConfig(plan, access, options));
  if (process.env.UPDATE_GOLDEN) writeFileSync(path, render());

  test('is the golden document, byte for byte', () => {
    expect(existsSync(path)).toBe(true);
    expect(render()).toBe(readFileSync(path, 'utf8'));
  });

  test('is valid for the real cloud-init', () => {
    const { status, stdout, stderr, error } = spawnSync('cloud-init', ['schema', '--config-file', path], {
      encoding: 'utf8',
    });
    if (error) throw new Error('cloud-init is missing: run bash toolchain/setup.sh test', { cause: error });
    expect([status, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining('Valid')]);
  });

  test('holds no private key but the one-time host key', () => {
    expect(render().match(/PRIVATE KEY-----/g)).toHaveLength(2);
    const { ssh_keys, ...rest } = parse(render());
    expect(Object.keys(ssh_keys)).toEqual(['ed25519_private', 'ed25519_public']);
    expect(JSON.stringify(rest)).not.toContain('PRIVATE KEY');
  });
});

test('user data knows no address: a cloud gives it when the machine is there already', () => {
  const { machines } = planCluster('golden', spec);
  for (const plan of machines) {
    const config = buildMachineConfig(plan, access, { prebuilt: false, emulated: false });
    for (const { address } of machines) expect(renderCloudConfig(config)).not.toContain(address);
    const elsewhere = { ...plan, address: '10.77.1.250', prefixLength: 20 };
    expect(buildMachineConfig(elsewhere, access, { prebuilt: false, emulated: false })).toEqual(config);
  }
});

describe.each(hostSystems)('%s', (os) => {
  test('etcd goes to its members only, where Debian would start it; the client goes to all', () => {
    const packagesOf = (machine: string) =>
      buildMachineConfig(planOf(machine, os), access, { prebuilt: false, emulated: false }).packages;
    expect(packagesOf('core-1')).toEqual(packages[os]);
    expect(packagesOf('worker-1')).toEqual(packages[os].filter((name) => name !== 'etcd-server'));
  });

  test('a built image holds every package that another image is given', () => {
    const { suite } = systemTraits[os];
    const built = suite ? debianRecipe(suite).packages : packages[os];
    expect(built).toEqual(expect.arrayContaining([...packages[os]]));
  });
});
