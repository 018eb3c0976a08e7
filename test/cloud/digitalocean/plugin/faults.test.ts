import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FakeMachines } from '../../fake-machines.ts';
import { HalfMade, type Known, type TestEngine } from '../../plugin/test-engine.ts';
import { publicKey } from '../../public-key.ts';
import type { Api, ApiOptions } from '../api.ts';
import { effects } from '../effects.ts';
import { quick } from '../sample.ts';
import { droplet, startPlugin } from './test-plugin.ts';

let api: Api;
let engine: TestEngine;
let machines: FakeMachines;
let stop: () => Promise<void>;

async function start(options: ApiOptions = {}, environment: NodeJS.ProcessEnv = {}): Promise<void> {
  ({ api, engine, machines, stop } = await startPlugin(options, environment));
}

beforeEach(() => start());
afterEach(() => stop());

describe('when things go wrong', () => {
  const failing = (answer: number, times: number) => ({ call: 'POST /v2/tags', effect: { answer }, times });
  const posts = () => api.trace.calls('POST').length;

  test.each([429, 500, 503])('%d is tried five times', async (answer) => {
    api.faults.add(failing(answer, 4));
    await engine.create('Tag', 'web', { name: 'web' });
    expect(posts()).toBe(5);
    api.trace.clear();
    api.faults.add(failing(answer, 5));
    await expect(engine.create('Tag', 'b', { name: 'b' })).rejects.toThrow('giving up after 5 attempt(s)');
    expect(posts()).toBe(5);
  });

  test.each(['quota', 'capacity', 'unauthorized'] as const)(
    '%s fails at once, and only once',
    async (name) => {
      const effect = effects[name];
      api.faults.add({ call: 'POST /v2/droplets', effect });
      const made = engine.create('Droplet', 'core-1', droplet);
      await expect(made).rejects.toThrow(String(effect.answer));
      if ('message' in effect) await expect(made).rejects.toThrow(effect.message);
      expect(posts()).toBe(1);
      await engine.create('Droplet', 'core-1', droplet);
    },
  );

  test('422 fails at once', async () => {
    const wrong = engine.create('Droplet', 'core-1', { ...droplet, size: 'huge' });
    await expect(wrong).rejects.toThrow('422');
    await expect(wrong).rejects.toThrow('You specified an invalid size for Droplet creation.');
    expect(posts()).toBe(1);
    expect(api.inventory.names()).toEqual([]);
  });

  test('a cut connection is tried again, and what was made twice is there twice', async () => {
    api.faults.add({ call: 'POST /v2/droplets', effect: { cut: 'after' } });
    await engine.create('Droplet', 'core-1', droplet);
    expect(api.inventory.names()).toEqual(['droplet core-1', 'droplet core-1']);
  });

  test('a new droplet and a new key may not be there yet', async () => {
    api.faults.add(
      { call: 'GET /v2/droplets/*', effect: { answer: 404 }, times: 3 },
      { call: 'GET /v2/account/keys/*', effect: { answer: 404 }, times: 3 },
    );
    await engine.create('Droplet', 'core-1', droplet);
    await engine.create('SshKey', 'login', { publicKey });
    expect(api.faults.unmet()).toEqual([]);
  });

  const failure = async (made: Promise<Known>) => {
    const error = await made.catch((each: unknown) => each);
    if (!(error instanceof HalfMade)) throw new Error(`expected something half made, not ${error}`);
    return error;
  };

  test('a droplet that is off fails, stays in the state, and the next run goes on', async () => {
    api.faults.add({ machine: 'core-1', fate: 'off' });
    const { message, known } = await failure(engine.create('Droplet', 'core-1', droplet));
    expect(message).toContain("unexpected state 'off', wanted target 'active'");
    expect(known.outputs).toMatchObject({ status: 'off', name: 'core-1' });
    expect((await engine.update(known, droplet)).id).toBe(known.id);
    await engine.delete(known);
    expect(api.inventory.names()).toEqual([]);
  });

  test('a droplet that never becomes active fails when an hour is over, and can be deleted', async () => {
    await stop();
    await start({}, { TEST_CLOUD_PATIENCE: '0.00003' });
    api.faults.add({ machine: 'core-1', fate: 'never active' });
    const { message, known } = await failure(engine.create('Droplet', 'core-1', droplet));
    expect(message).toContain("timeout while waiting for state to become 'active' (last state: 'new'");
    await engine.delete(known);
    expect(api.inventory.names()).toEqual([]);
  });

  test('a droplet is deleted once it is gone', async () => {
    await stop();
    await start({ delays: { ...quick.delays, destroy: 50 } });
    const made = await engine.create('Droplet', 'core-1', { ...droplet, gracefulShutdown: true });
    await engine.delete(made);
    expect(machines.names()).toEqual([]);
    expect(api.inventory.names()).toEqual([]);
    expect(api.trace.calls('POST')).toContain('POST /v2/droplets/:droplet/actions 201');
  });

  test('what somebody else has deleted: a refresh drops it, a deletion without one fails', async () => {
    const made = await engine.create('Droplet', 'core-1', droplet);
    await engine.delete(made);
    await expect(engine.delete(made)).rejects.toThrow("unexpected state 'Not Found', wanted target 'false'");
    expect(await engine.refresh(made)).toBeUndefined();
  });

  test('what somebody else has changed shows after a refresh', async () => {
    const made = await engine.create('Droplet', 'core-1', { ...droplet, tags: ['web'] });
    const [found] = api.inventory.droplets.values();
    if (found) found.tags = [];
    const seen = await engine.refresh(made);
    expect((await engine.diff(seen ?? made, { ...droplet, tags: ['web'] })).changed).toEqual(['tags']);
  });

  test('a VPC waits for its members to be gone', async () => {
    api.faults.add(
      { call: 'DELETE /v2/vpcs/*', effect: { answer: 409 }, times: 2 },
      { call: 'DELETE /v2/vpcs/*', effect: { answer: 403 } },
    );
    await engine.delete(await engine.create('Vpc', 'main', { region: 'nyc3' }));
    const route = 'DELETE /v2/vpcs/:vpc';
    expect(api.trace.calls('DELETE')).toEqual([
      `${route} 409`,
      `${route} 409`,
      `${route} 403`,
      `${route} 204`,
    ]);
    expect(api.inventory.names()).toEqual([]);
  });

  test('the default VPC of an account that was never used stays', async () => {
    await stop();
    await start({ fresh: true }, { TEST_CLOUD_PATIENCE: '0.0001' });
    const vpc = await engine.create('Vpc', 'main', { region: 'nyc3' });
    await expect(engine.delete(vpc)).rejects.toThrow('Can not delete default VPCs');
  });
});
