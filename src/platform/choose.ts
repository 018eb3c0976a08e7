import type { ClusterSpec } from '../config/schema.ts';
import type { Platform } from './platform.ts';

/** A platform's code, and with it its SDK, is loaded only when a stack asks for it. */
const platforms: Readonly<Record<ClusterSpec['platform'], () => Promise<Platform>>> = {
  local: async () => (await import('./local/index.ts')).localPlatform,
  aws: async () => (await import('./aws/index.ts')).awsPlatform,
  digitalocean: async () => (await import('./digitalocean/index.ts')).digitaloceanPlatform,
  hosts: async () => (await import('./hosts/index.ts')).hostsPlatform,
};

export function choosePlatform(name: ClusterSpec['platform']): Promise<Platform> {
  return platforms[name]();
}
