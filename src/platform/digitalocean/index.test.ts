import { beforeAll } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import { answerDigitalocean } from '../../../test/contract/digitalocean-answers.ts';
import { type PlatformHarness, platformContract } from '../../../test/contract/platform.ts';
import { digitaloceanPlatform } from './index.ts';
import { bootOptions } from './preflight.ts';
import { sizes } from './sizes.ts';

const digitalocean = { region: 'fra1', sshFrom: ['203.0.113.7/32'] };
const settings = { platform: 'digitalocean', digitalocean };
const withSettings = (more: object) => ({ ...settings, digitalocean: { ...digitalocean, ...more } });

const harness: PlatformHarness = {
  platform: digitaloceanPlatform,
  settings,
  otherImage: withSettings({ image: 'debian-12-x64' }),
  refused: {
    settings: { ...withSettings({ size: 's-1vcpu-1gb' }), network: '10.244.0.0/16' },
    path: /^flotilla:network\nflotilla:digitalocean\.size$/,
  },
  machineType: 'digitalocean:index/droplet:Droplet',
  answer: answerDigitalocean,
  boot: bootOptions,
  userData: { input: 'userData', text: String },
  hardware: ({ size }) => sizes.find(({ slug }) => slug === size) ?? { cpus: 0, memory: 0, disk: 0 },
  address: ({ plan }) => `${plan.name} at 10.77.0.0/16`,
};

beforeAll(() => pulumi.runtime.setAllConfig({ 'digitalocean:token': 'a token' }));

platformContract('digitalocean', harness);
platformContract('digitalocean, with load balancers', {
  ...harness,
  settings: withSettings({ loadBalancer: true }),
  otherImage: withSettings({ loadBalancer: true, image: '4711' }),
});
platformContract('digitalocean, with Flatcar', {
  ...harness,
  settings: { ...withSettings({ image: '4711' }), os: 'flatcar' },
  otherImage: { ...withSettings({ image: '4712' }), os: 'flatcar' },
});
