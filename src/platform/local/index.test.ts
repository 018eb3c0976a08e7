import { expect, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import * as z from 'zod';
import { renderFirstBoot } from '../../../cloud-config/first-boot.ts';
import { answerOwn, type PlatformHarness, platformContract } from '../../../test/contract/platform.ts';
import { runProgram } from '../../../test/contract/pulumi-program.ts';
import { stackSchema } from '../../config/schema.ts';
import { planCluster } from '../../plan/plan.ts';
import { machineConfig } from '../../provider/machine-config.ts';
import type { HostFacts } from '../../qemu/host-facts.ts';
import { wholeStack } from '../scope.ts';
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
  lifeInputs: ['address'],
  boot: { prebuilt: true, emulated: true },
  userData: { input: 'config', text: (value) => renderFirstBoot('debian-13', machineConfig.parse(value)) },
  hardware: (inputs) => Hardware.parse(inputs),
  address: (_, inputs) => address(inputs.address),
};

platformContract('local', harness);

const flatcar = (url: string, sha512: string) => ({
  platform: 'local',
  os: 'flatcar',
  local: { image: { url, sha512: sha512.repeat(128) }, start: sha512 === 'a' ? 'warm' : 'cold' },
});
platformContract('local, with Flatcar', {
  ...harness,
  settings: flatcar('https://example.org/flatcar.img', 'a'),
  otherImage: flatcar('https://example.org/newer.img', 'b'),
  boot: { prebuilt: false, emulated: true },
  userData: { input: 'config', text: (value) => renderFirstBoot('flatcar', machineConfig.parse(value)) },
});

test.each([
  [1, ['core-1', 'core-2']],
  [3, ['core-1.3', 'core-1.2', 'core-2.3', 'core-2.2']],
])(
  'in generation %i ports lead to machines of that one and of the one before',
  async (generation, machines) => {
    const core = { count: 2, generation, publish: { 8080: 80 } };
    const plan = planCluster('dev', stackSchema.parse({ platform: 'local', machines: { core } }));
    const { registered } = await runProgram(
      () => harness.platform.createMachines(plan, pulumi.output('key'), pulumi.output('key'), wholeStack),
      (args) =>
        args.type.startsWith('flotilla:index:')
          ? answerOwn(args)
          : harness.answer(args, { life: 1, start: 1 }),
    );
    const network = registered.find(({ type }) => type === 'flotilla:local:Network');
    expect(network?.inputs.publish).toEqual([{ host: 8080, guest: 80, machines }]);
  },
);
