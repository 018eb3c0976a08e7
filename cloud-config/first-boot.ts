import { type OperatingSystem, systemTraits } from '../src/model/operating-system.ts';
import { type BootKeys, type BootPlan, type BuildOptions, buildPackagedConfig } from './build.ts';
import { renderCloudConfig } from './cloud-config.ts';
import { buildFlatcarConfig } from './flatcar.ts';
import { renderIgnition } from './ignition.ts';
import type { MachineConfig } from './machine-config.ts';

type Format = (typeof systemTraits)[OperatingSystem]['firstBoot'];

const builders: Readonly<Record<Format, typeof buildPackagedConfig>> = {
  'cloud-config': buildPackagedConfig,
  ignition: buildFlatcarConfig,
};

const renderers: Readonly<Record<Format, (config: MachineConfig) => string>> = {
  'cloud-config': renderCloudConfig,
  ignition: renderIgnition,
};

/** Pure: the plan of a machine and its keys give everything that its first boot needs. */
export function buildMachineConfig(plan: BootPlan, keys: BootKeys, options: BuildOptions): MachineConfig {
  return builders[systemTraits[plan.os].firstBoot](plan, keys, options);
}

/** The config as a machine with that system reads it. */
export function renderFirstBoot(os: OperatingSystem, config: MachineConfig): string {
  return renderers[systemTraits[os].firstBoot](config);
}
