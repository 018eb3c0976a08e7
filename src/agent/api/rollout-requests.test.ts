import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { callSocket } from '../../../test/contract/socket-client.ts';
import { SimulatedCluster } from '../simulated-cluster.ts';
import { serveApi } from './api.ts';

const put = (version: string) =>
  ['hello@1.service', 'hello@2.service'].map((name) => ({
    name,
    contents: `[Service]\nExecStart=/bin/sleep ${version}\n`,
    targetState: 'launched' as const,
  }));

describe('/flotilla/v1/rollouts', () => {
  let cluster: SimulatedCluster;
  let folder: string;
  let server: Server;
  const call = (method: string, path: string, body?: unknown) =>
    callSocket(join(folder, 'agent.sock'), method, `/flotilla/v1/rollouts${path}`, body);

  beforeEach(async () => {
    cluster = new SimulatedCluster(['core-1', 'core-2']);
    await cluster.start();
    await cluster.apply({ put: put('1') });
    await cluster.clock.advance(10_000);
    folder = await mkdtemp(join(tmpdir(), 'flotilla-rollouts-'));
    const context = { store: cluster.store, machineId: '1'.repeat(32), version: '1' };
    server = await serveApi(join(folder, 'agent.sock'), context, () => {});
  });
  afterEach(async () => {
    server.close();
    await cluster.stop();
    await rm(folder, { recursive: true });
  });

  test('tells how far rollouts are, and none before there was one', async () => {
    expect(await call('GET', '')).toEqual({ status: 200, body: { rollouts: [] } });
    await cluster.apply({ put: put('2') });
    await cluster.clock.advance(2000);
    const rollout = { name: 'hello@.service', state: 'running', updated: 1, total: 2 };
    expect((await call('GET', '')).body).toMatchObject({ rollouts: [rollout] });
  });

  test('pauses, resumes and undoes, also without a body', async () => {
    await cluster.apply({ put: put('2') });
    await cluster.clock.advance(2000);
    const done = async (action: string, body?: unknown) =>
      (await call('POST', `/hello@.service/${action}`, body)).body;
    expect(await done('pause', {})).toMatchObject({ state: 'paused' });
    expect(await done('resume')).toMatchObject({ state: 'running' });
    expect(await done('undo')).toMatchObject({ state: 'rolling-back' });
  });

  test('refuses what there is not and what can not be', async () => {
    expect(await call('POST', '/nope@.service/pause')).toMatchObject({ status: 404 });
    await cluster.apply({ put: put('2') });
    await cluster.clock.advance(60_000);
    const message = 'the rollout of hello@.service is complete: nothing to pause';
    const error = { code: 409, message };
    expect(await call('POST', '/hello@.service/pause')).toEqual({ status: 409, body: { error } });
  });
});
