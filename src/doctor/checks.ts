import type { PlatformName } from '../model/platform-name.ts';
import type { Check } from './check.ts';
import { clusterChecks } from './cluster.ts';
import { configChecks } from './config.ts';
import { pluginChecks } from './plugin.ts';
import type { PlatformChecks, Subject } from './subject.ts';
import { toolChecks } from './tools.ts';

/** Loaded only when it is asked for: a cloud's brings its SDK's lists along. */
const platforms: Readonly<Record<PlatformName, () => Promise<PlatformChecks>>> = {
  local: async () => (await import('./local.ts')).localChecks,
  aws: async () => (await import('./aws.ts')).awsChecks,
  digitalocean: async () => (await import('./digitalocean.ts')).digitaloceanChecks,
  hosts: async () => (await import('./hosts.ts')).hostsChecks,
};

/** Everything that is to be checked, in the order in which it is told. Nothing has been looked at yet. */
export async function planChecks(subject: Subject): Promise<readonly Check[]> {
  const platformChecks = await platforms[subject.platform]();
  return [
    ...toolChecks(subject),
    ...configChecks(subject),
    ...pluginChecks(subject),
    ...platformChecks(subject),
    ...clusterChecks(subject),
  ];
}
