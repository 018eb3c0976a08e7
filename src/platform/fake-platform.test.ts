import { type PlatformHarness, platformContract } from '../../test/contract/platform.ts';
import { answerFake, fakeBoot, fakeMachineType, fakePlatform } from './fake-platform.ts';
import type { Platform } from './platform.ts';

/** Its image is none of the config's, so the platform itself is another one with another image. */
const images: Platform = {
  createMachines: (plan, key, privateKey, scope) =>
    fakePlatform({ image: plan.local.start }).createMachines(plan, key, privateKey, scope),
};

const harness: PlatformHarness = {
  platform: images,
  settings: {},
  otherImage: { local: { start: 'cold' } },
  refused: { platform: fakePlatform({ room: 4 }), settings: {}, path: /^flotilla:machines$/ },
  machineType: fakeMachineType,
  answer: (args, { life }) => answerFake(args, life),
  boot: fakeBoot,
  userData: { input: 'userData', text: String },
  hardware: ({ cpus, memory, disk }) => ({ cpus: Number(cpus), memory: Number(memory), disk: Number(disk) }),
  address: ({ plan }) => `${plan.name}.internal`,
};

platformContract('fake', harness);
