import { z } from 'zod';
import { renderCloudConfig } from '../../../cloud-config/cloud-config.ts';
import { type PlatformHarness, platformContract } from '../../../test/contract/platform.ts';
import { machineConfig } from '../../provider/machine-config.ts';
import type { HostFacts } from '../../qemu/host-facts.ts';
import { platformOf } from './index.ts';
import { checkHost } from './preflight.ts';

/** A computer that has everything. */
const facts: HostFacts = {
  platform: 'linux',
  arch: 'x64',
  qemuVersion: '10.0.0',
  canBuild: true,
  missingPrograms: [],
  memory: 65536,
  disk: 1e12,
  cacheDisk: undefined,
  existing: [],
  running: [],
};

const on = (given: Partial<HostFacts>) =>
  platformOf((plan) => checkHost(plan, async () => ({ ...facts, ...given })));

const Hardware = z.object({ cpus: z.number(), memory: z.number(), disk: z.number() });
const address = (value: unknown) => z.string().parse(value).split('/')[0] ?? '';

const harness: PlatformHarness = {
  platform: on({}),
  settings: { platform: 'local' },
  otherImage: {
    platform: 'local',
    local: { image: { url: 'https://example.org/other.qcow2', sha512: 'a'.repeat(128) }, start: 'cold' },
  },
  refused: { platform: on({ memory: 100 }), settings: {}, path: /^flotilla:machines/ },
  machineType: 'flotilla:local:Machine',
  answer: ({ name, inputs }, { life, start }) => ({
    id: name,
    state: {
      ...inputs,
      host: '127.0.0.1',
      port: 2200 + start,
      running: true,
      incarnation: `${name}-${life}`,
    },
  }),
  boot: { prebuilt: true, emulated: true },
  userData: { input: 'config', text: (value) => renderCloudConfig(machineConfig.parse(value)) },
  hardware: (inputs) => Hardware.parse(inputs),
  address: (_, inputs) => address(inputs.address),
};

platformContract('local', harness);
