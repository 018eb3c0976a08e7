import type { Properties } from '../../../../src/provider/resource.ts';
import { FakeMachines } from '../../fake-machines.ts';
import { silent, TestEngine } from '../../plugin/test-engine.ts';
import { type Api, type ApiOptions, startApi } from '../api.ts';
import { quick } from '../sample.ts';
import { createPlugin } from './plugin.ts';

/** A droplet with nothing but what it must have. */
export const droplet = { name: 'core-1', region: 'nyc3', size: 's-1vcpu-1gb', image: 'debian-13-x64' };

/** Waits a thousandth of what the stock plugin waits. */
export const hurry = { TEST_CLOUD_PACE: '0.001' };

/** @param config what a program or stack config sets of the provider */
export function startEngine(environment: NodeJS.ProcessEnv, config: Properties = {}): Promise<TestEngine> {
  const token = (type: string) =>
    `digitalocean:index/${type.charAt(0).toLowerCase()}${type.slice(1)}:${type}`;
  return TestEngine.start({ server: createPlugin({ log: silent, environment }), token }, config);
}

/** The plugin, and below it an API with an account of its own. */
export interface TestPlugin {
  readonly api: Api;
  readonly engine: TestEngine;
  readonly machines: FakeMachines;
  stop(): Promise<void>;
}

export async function startPlugin(
  options: ApiOptions = {},
  environment: NodeJS.ProcessEnv = {},
): Promise<TestPlugin> {
  const machines = new FakeMachines();
  const api = await startApi({ ...quick, machines, ...options });
  const engine = await startEngine({
    ...hurry,
    DIGITALOCEAN_API_URL: api.url,
    DIGITALOCEAN_TOKEN: api.token,
    ...environment,
  });
  const stop = async () => {
    engine.stop();
    await api.close();
  };
  return { api, engine, machines, stop };
}
