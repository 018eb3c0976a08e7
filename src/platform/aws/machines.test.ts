import { beforeAll, describe, expect, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import { runAws } from '../../../test/contract/aws-program.ts';
import { known } from '../../../test/contract/pulumi-program.ts';
import { stackSchema } from '../../config/schema.ts';
import { planCluster } from '../../plan/plan.ts';
import { hardwareWarnings } from './machines.ts';

const core = { count: 3, etcd: true };

beforeAll(() => pulumi.runtime.setAllConfig({ 'aws:region': 'eu-central-1', 'aws:profile': 'somebody' }));

describe('a machine', () => {
  test('asks for tokens before it tells anything of itself, and has an encrypted disk', async () => {
    const { ofKind } = await runAws({ core: { ...core, disk: 20 }, small: { count: 1, disk: 4 } });
    for (const { inputs } of ofKind('Instance'))
      expect(inputs).toMatchObject({
        metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1 },
        rootBlockDevice: { encrypted: true, volumeType: 'gp3', deleteOnTermination: true },
      });
    const sizes = ofKind('Instance').map(({ inputs }) => inputs.rootBlockDevice);
    expect(sizes).toMatchObject([20, 20, 20, 8].map((volumeSize) => ({ volumeSize })));
  });

  test('of etcd may have a second disk, encrypted, that nobody else has and that goes with it', async () => {
    const { ofKind, registered } = await runAws({ core: { ...core, etcdDisk: 12 }, worker: { count: 1 } });
    const disks = ofKind('Instance').map(({ inputs }) => inputs.ebsBlockDevices);
    const disk = (name: string) => [
      {
        deviceName: '/dev/sdf',
        volumeType: 'gp3',
        volumeSize: 12,
        encrypted: true,
        deleteOnTermination: true,
        tags: { Name: `flotilla-dev-${name}-etcd`, flotilla: 'dev' },
      },
    ];
    expect(disks).toEqual([disk('core-1'), disk('core-2'), disk('core-3'), undefined]);
    // A volume by itself would outlive its machine, and could be moved to another.
    expect(registered.map(({ type }) => type).filter((type) => /volume/i.test(type))).toEqual([]);
    for (const { ignoreChanges } of ofKind('Instance')) expect(ignoreChanges).toContain('ebsBlockDevices');
  });

  test.each([
    ['no disk for etcd', 'a disk of 10 GiB for etcd', { etcdDisk: 10 }, {}],
    ['a disk of 10 GiB for etcd', 'no disk for etcd', {}, { etcdDisk: 10 }],
    ['a disk of 10 GiB for etcd', 'a disk of 20 GiB for etcd', { etcdDisk: 20 }, { etcdDisk: 10 }],
    ['8 GiB of disk', '9 GiB', { disk: 9 }, {}],
  ])('that stays with %s where there is to be %s says so', (has, wanted, group, actual) => {
    const { machines } = planCluster('dev', stackSchema.parse({ machines: { core: { ...core, ...group } } }));
    const [plan] = machines;
    if (!plan) throw new Error('the plan has no machine');
    const found = { type: 't3.micro', disk: 8, etcdDisk: undefined, ...actual };
    expect(hardwareWarnings(plan, 't3.micro', found)).toEqual([
      `core-1 stays with ${has}: ${wanted} is for new machines. Members of etcd are not replaced so far: only another stack would have it`,
    ]);
    const worker = { ...plan, name: 'worker-1', group: 'worker', etcd: false };
    expect(hardwareWarnings(worker, 't3.micro', found)).toEqual([
      expect.stringMatching(/new machines\. Raise flotilla:machines\.worker\.generation$/),
    ]);
    expect(
      hardwareWarnings(plan, 't3.micro', { ...found, disk: plan.disk, etcdDisk: plan.etcdDisk }),
    ).toEqual([]);
  });

  test('of Flatcar has its newest stable image, and room for it', async () => {
    const { ofKind } = await runAws({ core }, {}, 'dev', 'flatcar');
    for (const { inputs } of ofKind('Instance')) {
      expect(inputs.rootBlockDevice).toMatchObject({ volumeSize: 12 });
      for (const part of ['"mostRecent":true', '075585003325', 'Flatcar-stable-*', 'x86_64'])
        expect(inputs.ami).toContain(part);
    }
  });

  test('never has what the provider would replace or stop it for', async () => {
    const { ofKind } = await runAws({ core });
    for (const { inputs } of ofKind('Instance'))
      for (const key of ['userData', 'userDataReplaceOnChange', 'associatePublicIpAddress', 'volumeTags'])
        expect(inputs).not.toHaveProperty(key);
  });

  test('tells units of its zone and its type', async () => {
    const { result } = await runAws({ core }, { size: 'm6i.large' });
    const told = await Promise.all(result.machines.map(({ metadata }) => known(metadata)));
    expect(told).toEqual([
      { zone: 'eu-central-1a', 'instance-type': 'm6i.large' },
      { zone: 'eu-central-1b', 'instance-type': 'm6i.large' },
      { zone: 'eu-central-1c', 'instance-type': 'm6i.large' },
    ]);
  });

  test.each([
    ['no word of it', {}, 'ami of /aws/service/debian/release/13/latest/amd64'],
    ['an id', { image: 'ami-0123456789abcdef0' }, 'ami-0123456789abcdef0'],
    ['a parameter', { image: { parameter: '/my/own' } }, 'ami of /my/own'],
    [
      'owner and name',
      { image: { owner: '136693071363', name: 'debian-13-amd64-*' } },
      expect.stringMatching(/"mostRecent":true.*136693071363|136693071363.*"mostRecent":true/),
    ],
  ])('image by %s', async (_, more, ami) => {
    const { ofKind } = await runAws({ core }, more);
    for (const { inputs, secrets } of ofKind('Instance')) {
      expect(inputs.ami).toEqual(ami);
      expect(secrets).toEqual(['userDataBase64']);
    }
  });
});
