import { gunzipSync } from 'node:zlib';
import { beforeAll } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import * as z from 'zod';
import { answerAws, lookUpAws } from '../../../test/contract/aws-answers.ts';
import { type PlatformHarness, platformContract } from '../../../test/contract/platform.ts';
import { awsPlatform } from './index.ts';
import { bootOptions } from './preflight.ts';
import { sizes } from './sizes.ts';

const aws = { sshFrom: ['203.0.113.7/32'] };
const settings = { platform: 'aws', aws };
const withSettings = (more: object) => ({ ...settings, aws: { ...aws, ...more } });

const RootBlockDevice = z.object({ volumeSize: z.number() });

const harness: PlatformHarness = {
  platform: awsPlatform,
  settings,
  otherImage: withSettings({ image: { parameter: '/aws/service/debian/release/12/latest/amd64' } }),
  refused: {
    settings: { ...withSettings({ size: 't3.micro' }), network: '172.17.0.0/16' },
    path: /^flotilla:network\nflotilla:aws\.size$/,
  },
  machineType: 'aws:ec2/instance:Instance',
  answer: answerAws,
  lookup: lookUpAws,
  boot: bootOptions,
  userData: {
    input: 'userDataBase64',
    text: (value) => gunzipSync(Buffer.from(String(value), 'base64')).toString(),
  },
  hardware({ instanceType, rootBlockDevice }) {
    const { cpus, memory } = sizes.find(({ type }) => type === instanceType) ?? { cpus: 0, memory: 0 };
    return { cpus, memory, disk: RootBlockDevice.parse(rootBlockDevice).volumeSize };
  },
  address: ({ plan }) => `${plan.name} at 10.77.0.0/16`,
};

beforeAll(() => pulumi.runtime.setAllConfig({ 'aws:region': 'eu-central-1', 'aws:profile': 'somebody' }));

platformContract('aws', harness);
platformContract('aws, with a load balancer, in one zone', {
  ...harness,
  settings: withSettings({ loadBalancer: true, zones: ['b'] }),
  otherImage: withSettings({ loadBalancer: true, zones: ['b'], image: 'ami-0123456789abcdef0' }),
});
platformContract('aws, with Flatcar', {
  ...harness,
  settings: { ...settings, os: 'flatcar' },
  otherImage: { ...withSettings({ image: 'ami-0123456789abcdef0' }), os: 'flatcar' },
  userData: {
    input: 'userDataBase64',
    text: (value) => Buffer.from(String(value), 'base64').toString(),
  },
});
