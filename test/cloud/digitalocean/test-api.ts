import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect } from '@jest/globals';
import { FakeMachines } from '../fake-machines.ts';
import { type Api, type ApiOptions, startApi } from './api.ts';
import { at, type Reply, rest } from './rest.ts';
import { quick } from './sample.ts';

/** What the smallest droplet is asked with. */
export const droplet = { name: 'core-1', region: 'nyc3', size: 's-1vcpu-1gb', image: 'debian-13-x64' };

/** An API for each test of a file, called by plain HTTP. Nothing may have gone wrong inside of it at the end. */
export class TestApi {
  api: Api;
  machines: FakeMachines;

  private constructor(api: Api, machines: FakeMachines) {
    this.api = api;
    this.machines = machines;
  }

  /** To be called at the top of a file of tests: it starts and stops with each of them. */
  static forEach(): () => TestApi {
    let current: TestApi | undefined;
    const get = () => {
      if (!current) throw new Error('the API is there within tests only');
      return current;
    };
    beforeEach(async () => {
      const machines = new FakeMachines();
      current = new TestApi(await startApi({ ...quick, machines }), machines);
    });
    afterEach(async () => {
      await get().api.close();
      expect(get().api.failures).toEqual([]);
    });
    return get;
  }

  /** Another one in its place. */
  async restart(options: ApiOptions): Promise<void> {
    await this.api.close();
    this.machines = new FakeMachines();
    this.api = await startApi({ ...quick, machines: this.machines, ...options });
  }

  call(call: string, body?: object | string): Promise<Reply> {
    return rest(this.api)(call, body);
  }

  /** @returns the id of what was made; `key` is what the answer calls it */
  async create(path: string, body: object, key: string): Promise<string> {
    const reply = await this.call(`POST ${path}`, body);
    expect(reply.status).toBeLessThan(300);
    return String(at(reply.body, `${key}.id`));
  }

  /** Looks until it is so; what never becomes so ends with jest's deadline. */
  async until(path: string, key: string, value: unknown): Promise<void> {
    while (at((await this.call(`GET ${path}`)).body, key) !== value) await sleep(1);
  }

  async untilGone(path: string): Promise<void> {
    while ((await this.call(`GET ${path}`)).status !== 404) await sleep(1);
  }

  async activeDroplet(body: object = droplet): Promise<string> {
    const id = await this.create('/v2/droplets', body, 'droplet');
    await this.until(`/v2/droplets/${id}`, 'droplet.status', 'active');
    return id;
  }
}
