import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ServedAgent, serveAgent } from '../../../test/contract/served-agent.ts';
import { Forbidden, OutOfSpace } from '../../store/store.ts';
import type { SimulatedCluster } from '../simulated-cluster.ts';

const hello = {
  name: 'hello.service',
  contents: '[Service]\nExecStart=/bin/sleep inf\n',
  targetState: 'launched',
};

describe('the API', () => {
  let agent: ServedAgent;
  let cluster: SimulatedCluster;
  const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    agent.call(method, `/flotilla/v1${path}`, body, headers);
  const apply = (body: object) => call('POST', '/apply', { put: [], destroy: [], ...body });
  const refusal = (code: number, message: unknown) => ({ status: code, body: { error: { code, message } } });

  beforeEach(async () => {
    agent = await serveAgent();
    cluster = agent.cluster;
  });
  afterEach(async () => {
    await agent.end();
    expect(agent.log).toEqual([]);
  });

  test('its socket is for root and its group', async () => {
    expect((await stat(agent.socket)).mode & 0o777).toBe(0o660);
  });

  test('tells machines and the leader, and that it is healthy', async () => {
    const leader = (await cluster.leader()).machine.id;
    const machines = cluster.machines.map(({ machine }) => machine);
    expect(await call('GET', '/machines')).toEqual({ status: 200, body: { machines, leader } });
    expect(await call('GET', '/health')).toMatchObject({ status: 200, body: { healthy: true } });
  });

  test('answers who has closed its half of the connection', async () => {
    const { store } = cluster;
    const list = store.list.bind(store);
    // A machine that is slower than this one: the end of the question is heard before there is an answer.
    store.list = async (prefix) => sleep(50).then(() => list(prefix));
    const socket = createConnection({ path: agent.socket, allowHalfOpen: true });
    socket.end('GET /flotilla/v1/health HTTP/1.0\r\n\r\n');
    let answer = '';
    for await (const chunk of socket.setEncoding('utf8')) answer += chunk;
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain('"healthy":true');
  });

  test('applies, and tells units with file, placements and states', async () => {
    const { status, body } = await apply({ put: [hello] });
    expect([status, body]).toEqual([200, { revision: expect.stringMatching(/^\d+$/) }]);
    await cluster.clock.advance(1000);
    const units = await call('GET', '/units');
    expect(units.body).toMatchObject({ units: [{ name: 'hello.service', placements: [{}], states: [{}] }] });
    const one = await call('GET', '/units/hello.service');
    expect(one.body).toMatchObject({ name: 'hello.service', contents: hello.contents });
    expect(await apply({ put: [hello] })).toEqual(expect.objectContaining({ status: 200 }));
    expect((await call('GET', '/units')).body).toEqual(units.body);
  });

  test('plans without writing', async () => {
    const { status, body } = await call('POST', '/plan', { put: [hello], destroy: [] });
    expect(status).toBe(200);
    expect(body).toEqual({
      moves: [{ unit: 'hello.service', machine: 'core-1', reason: expect.any(String) }],
      pending: [],
    });
    expect((await call('GET', '/units')).body).toMatchObject({ units: [] });
  });

  test('refuses a change that was decided from old units', async () => {
    await apply({ put: [hello] });
    const { revision } = await cluster.units();
    const changed = { ...hello, contents: `${hello.contents}Nice=1\n` };
    await apply({ put: [changed] });
    expect(await apply({ put: [hello], revision })).toEqual(
      refusal(409, expect.stringContaining(`changed since revision ${revision}: hello.service`)),
    );
    expect(await apply({ destroy: ['hello.service'], revision })).toMatchObject({ status: 409 });
    expect(await apply({ put: [{ ...hello, name: 'other.service' }], revision })).toMatchObject({
      status: 200,
    });
  });

  test('refuses to plan a change that was decided from old units', async () => {
    await apply({ put: [hello] });
    const { revision } = await cluster.units();
    const body = { put: [{ ...hello, targetState: 'loaded' }], destroy: [], revision };
    expect(await call('POST', '/plan', body)).toMatchObject({ status: 200 });
    await apply({ put: [{ ...hello, contents: `${hello.contents}Nice=1\n` }] });
    expect(await call('POST', '/plan', body)).toEqual(
      refusal(409, expect.stringContaining(`changed since revision ${revision}: hello.service`)),
    );
  });

  test('turns target states without the files', async () => {
    await apply({ put: [hello] });
    await cluster.clock.advance(1000);
    const { revision } = await cluster.units();
    const targets = [{ name: 'hello.service', targetState: 'inactive' }];
    const plan = await call('POST', '/plan', { put: [], destroy: [], targets });
    expect(plan.body).toMatchObject({ moves: [{ unit: 'hello.service' }] });
    expect(await apply({ targets: [...targets, ...targets], revision })).toMatchObject({ status: 200 });
    expect((await call('GET', '/units/hello.service')).body).toMatchObject({
      targetState: 'inactive',
      contents: hello.contents,
    });
    expect(await apply({ targets, revision })).toEqual(
      refusal(409, expect.stringContaining('hello.service')),
    );
    const unknown = [{ name: 'none.service', targetState: 'loaded' }];
    for (const path of ['/apply', '/plan']) {
      const body = { put: [], destroy: [], targets: unknown };
      expect(await call('POST', path, body)).toEqual(refusal(404, 'there is no unit none.service'));
    }
    const two = [...targets, { name: 'hello.service', targetState: 'loaded' }];
    expect(await apply({ targets: two })).toEqual(refusal(400, expect.stringContaining('choose one')));
  });

  test('keeps a template that is inactive, and runs none', async () => {
    const template = { ...hello, name: 'web@.service' };
    expect(await apply({ put: [template] })).toEqual(
      refusal(400, 'cannot activate template "web@.service"; give it an instance: web@1.service'),
    );
    expect(await apply({ put: [{ ...template, targetState: 'inactive' }] })).toMatchObject({ status: 200 });
    expect(await apply({ targets: [{ name: 'web@.service', targetState: 'launched' }] })).toMatchObject({
      status: 400,
    });
    const bad = {
      ...template,
      targetState: 'inactive',
      contents: '[Service]\nExecStart=/x\n[X-Fleet]\nA=b\n',
    };
    expect(await apply({ put: [bad] })).toEqual(refusal(400, expect.stringContaining('unknown option "A"')));
  });

  test('explains a unit that is somewhere and one that is nowhere', async () => {
    const picky = { ...hello, name: 'picky.service' };
    const contents = `${hello.contents}[X-Fleet]\nMachineMetadata=disk=ssd\n`;
    await apply({ put: [hello, { ...picky, contents }] });
    await cluster.clock.advance(1000);
    expect((await call('GET', '/explain/hello.service')).body).toMatchObject({
      unit: 'hello.service',
      targetState: 'launched',
      placements: [{ machine: 'core-1', reason: expect.stringContaining('least loaded') }],
      machines: [
        { machine: 'core-1', fits: true, reason: expect.any(String) },
        { machine: 'core-2', fits: true, reason: expect.any(String) },
      ],
    });
    const { body } = await call('GET', '/explain/picky.service');
    expect(body).toMatchObject({
      placements: [],
      pending: expect.stringContaining('disk=ssd'),
      machines: [{ fits: false, reason: expect.stringContaining('disk=ssd') }, { fits: false }],
    });
    expect(await call('GET', '/explain/none.service')).toMatchObject({ status: 404 });
  });

  test('a store that refuses is told as it said it', async () => {
    const refuse = (error: Error) => {
      cluster.store.transact = () => Promise.reject(error);
    };
    refuse(new Forbidden('ask the agent on core-1'));
    expect(await apply({ put: [hello] })).toEqual(refusal(403, 'ask the agent on core-1'));
    refuse(new OutOfSpace('etcd is full'));
    expect(await apply({ put: [hello] })).toEqual(refusal(507, 'etcd is full'));
  });

  test('two clients at once both get their units in', async () => {
    const names = Array.from({ length: 5 }, (_, at) => `hello@${at}.service`);
    const replies = await Promise.all(names.map((name) => apply({ put: [{ ...hello, name }] })));
    expect(replies.map(({ status }) => status)).toEqual(names.map(() => 200));
    expect((await cluster.units()).units.map(({ name }) => name)).toEqual(names);
  });

  test('says all that is wrong with a body at once', async () => {
    expect(await apply({ put: [{ name: 7, contents: '', targetState: 'running' }], destroy: 'x' })).toEqual(
      refusal(400, expect.stringMatching(/put\.0\.name: .*\nput\.0\.targetState: .*\ndestroy: /)),
    );
    const bad = {
      ...hello,
      name: 'a b.service',
      contents: '[Service]\nExecStart=/x\n[X-Fleet]\nConflict=y\n',
    };
    expect(await apply({ put: [bad, hello], destroy: ['hello.service'] })).toEqual(
      refusal(
        400,
        expect.stringMatching(/hello\.service: both put and destroyed[\s\S]*a b\.service[\s\S]*Conflict/),
      ),
    );
    expect((await cluster.units()).units).toEqual([]);
  });

  test.each<{
    status: number;
    method: string;
    path: string;
    body?: string;
    headers?: Record<string, string>;
  }>([
    { status: 404, method: 'GET', path: '/nothing' },
    { status: 404, method: 'GET', path: '/units/none.service' },
    { status: 405, method: 'DELETE', path: '/units' },
    { status: 405, method: 'GET', path: '/apply' },
    { status: 400, method: 'GET', path: '/units/%ff' },
    { status: 400, method: 'POST', path: '/apply', body: '{"put": [' },
    { status: 415, method: 'POST', path: '/apply', body: '{}', headers: { 'content-type': 'text/plain' } },
    { status: 415, method: 'POST', path: '/apply', body: '{}', headers: {} },
    { status: 413, method: 'POST', path: '/apply', body: `"${'x'.repeat(10 * 1024 * 1024)}"` },
    { status: 413, method: 'POST', path: '/rebalance', body: `"${'x'.repeat(2 * 1024 * 1024)}"` },
    { status: 413, method: 'POST', path: '/apply', body: `{"put": [${'{},'.repeat(60_000)}{}]}` },
    { status: 413, method: 'POST', path: '/apply', body: '['.repeat(60_000) },
    { status: 413, method: 'POST', path: '/apply', body: `{"destroy": [${'0,'.repeat(250_000)}0]}` },
  ])('answers $status to $method $path', async ({ status, method, path, body, headers }) => {
    expect(await call(method, path, body, headers)).toEqual(refusal(status, expect.any(String)));
  });

  test('refuses what etcd has no room for', async () => {
    const reason = 'x'.repeat(1.6 * 1024 * 1024);
    const cordoned = await call('POST', '/machines/core-1/cordon', { reason });
    expect(cordoned).toEqual(
      refusal(413, expect.stringMatching(/^the value of \/flotilla\/cordons\/.* KiB/)),
    );
    const name = 'b'.repeat(240);
    const put = Array.from({ length: 2000 }, (_, at) => ({ ...hello, name: `${name}@${at}.service` }));
    const problem = expect.stringMatching(/@\.service: 2000 instances, of which about 9\d\d can roll/);
    for (const verb of ['plan', 'apply']) {
      const body = { put, destroy: [] };
      expect(await call('POST', `/${verb}`, body)).toEqual(refusal(400, problem));
    }
    expect((await cluster.units()).units).toEqual([]);
  });

  test('of too many elements, how many there are is all that it says', async () => {
    const { status, body } = await apply({ destroy: Array.from({ length: 40_000 }, () => 0) });
    expect([status, body]).toEqual([
      400,
      { error: { code: 400, message: expect.stringMatching(/^destroy: .*\d+ items/) } },
    ]);
  });

  test('holds so many bytes of bodies at once, and no more', async () => {
    const head = 'POST /flotilla/v1/apply HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n';
    const nearlyAll = 10 * 1024 * 1024 - 1;
    const sockets = Array.from({ length: 3 }, () => createConnection(agent.socket));
    const answers = sockets.map((socket) => once(socket, 'data').then(([data]) => String(data)));
    for (const socket of sockets) {
      socket.write(`${head}content-length: ${nearlyAll + 1}\r\n\r\n`);
      socket.write(Buffer.alloc(nearlyAll, 'x'));
    }
    expect(await Promise.race(answers)).toMatch(/^HTTP\/1.1 503 [\s\S]*other requests have long bodies/);
    for (const socket of sockets) socket.destroy();
    let status = 503;
    for (let look = 0; look < 100 && status === 503; look++) {
      await sleep(20);
      status = (await apply({ put: [{ ...hello, contents: 'x'.repeat(5e6) }] })).status;
    }
    expect(status).toBe(400);
  });

  test('a path that nothing is at is told where those that are stand', async () => {
    expect(await call('GET', '/nothing')).toEqual(
      refusal(404, 'nothing is served at /flotilla/v1/nothing; what is, GET /flotilla/v1/openapi.json lists'),
    );
  });

  test('answers 503 while etcd is away', async () => {
    cluster.store.reachable = false;
    expect(await call('GET', '/units')).toEqual(refusal(503, expect.any(String)));
    expect(await apply({ put: [hello] })).toEqual(refusal(503, expect.any(String)));
    expect(await call('GET', '/health')).toEqual(refusal(503, expect.any(String)));
  });
});
