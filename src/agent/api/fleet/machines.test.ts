import { type IncomingMessage, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ServedAgent, serveAgent } from '../../../../test/contract/served-agent.ts';

describe("machines in fleet's API", () => {
  const [one, two] = ['1'.repeat(32), '2'.repeat(32)];
  let agent: ServedAgent;
  const call: ServedAgent['call'] = (method, path, body, headers) =>
    agent.call(method, `/fleet/v1${path}`, body, headers);
  const get = async (path: string) => (await call('GET', path)).body;
  const patch = (body: unknown, headers?: Record<string, string>) =>
    call('PATCH', '/machines', body, headers);

  beforeEach(async () => {
    agent = await serveAgent();
  });
  afterEach(async () => {
    await agent.end();
    expect(agent.log).toEqual([]);
  });

  test('are listed with id, metadata and address', async () => {
    expect(await get('/machines')).toEqual({
      machines: [
        { id: one, primaryIP: '10.0.0.1' },
        { id: two, primaryIP: '10.0.0.2' },
      ],
    });
  });

  test('get metadata that outlives their agents, and units go by it', async () => {
    const add = { op: 'add', path: `/${two}/metadata/disk`, value: { value: 'ssd' } };
    const plain = { op: 'replace', path: `/${two}/metadata/zone`, value: 'b' };
    expect(await patch([add, plain])).toEqual({ status: 204 });
    expect(await get('/machines')).toMatchObject({
      machines: [{ id: one }, { id: two, metadata: { disk: 'ssd', zone: 'b' } }],
    });
    const options = [
      { section: 'Service', name: 'ExecStart', value: '/bin/sleep inf' },
      { section: 'X-Fleet', name: 'MachineMetadata', value: 'disk=ssd' },
    ];
    await call('PUT', '/units/a.service', { options, desiredState: 'launched' });
    await agent.cluster.clock.advance(1000);
    expect(await get('/units/a.service')).toMatchObject({ machineID: two });
    await agent.cluster.get('core-2').end();
    agent.cluster.get('core-2').boot();
    await agent.cluster.clock.advance(1000);
    expect(await get('/machines')).toMatchObject({ machines: [{}, { metadata: { disk: 'ssd' } }] });
    await patch([{ op: 'remove', path: `/${two}/metadata/disk` }], {
      'content-type': 'application/json-patch+json',
    });
    expect(await get('/machines')).toMatchObject({ machines: [{}, { metadata: { zone: 'b' } }] });
  });

  test('that are not there can be given metadata too', async () => {
    expect(await patch([{ op: 'add', path: '/XXX/metadata/a.b_c-d', value: { value: 'x' } }])).toEqual({
      status: 204,
    });
  });

  test('take keys in any case, as Go, and name a type for the answer without a body', async () => {
    const body = JSON.stringify([{ Op: 'add', PATH: `/${one}/metadata/k`, Value: { VALUE: 'v' } }]);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { socketPath: agent.socket, method: 'PATCH', path: '/fleet/v1/machines' };
      request(options, resolve).on('error', reject).end(body);
    });
    response.resume();
    expect([response.statusCode, response.headers['content-type']]).toEqual([204, 'application/json']);
    expect(await get('/machines')).toMatchObject({ machines: [{ id: one, metadata: { k: 'v' } }, {}] });
  });

  test.each([
    { body: [{ op: 'test', path: '/a/metadata/b' }], says: 'invalid op: expect add, remove, or replace' },
    { body: [{ op: 'add', path: '/a/b', value: 'x' }], says: 'machine metadata path invalid' },
    { body: [{ op: 'add', path: '/a/metadata/__proto__', value: 'x' }], says: '__proto__ can be no key' },
    { body: [{ op: 'add', path: '/a/metadata/b c', value: 'x' }], says: 'machine metadata path invalid' },
    { body: [{ op: 'add', path: '/a/metadata/b' }], says: 'add and replace require a value' },
    { body: [{ op: 'replace', path: '/a/metadata/b', value: { value: '' } }], says: 'require a value' },
    { body: { op: 'add' }, says: '' },
    { body: '[', says: 'unable to decode body' },
  ])('PATCH with $body is refused, whole', async ({ body, says }) => {
    const good = { op: 'add', path: `/${one}/metadata/k`, value: 'v' };
    const all = Array.isArray(body) ? [good, ...body] : body;
    const error = { code: 400, message: expect.stringContaining(says) };
    expect(await patch(all)).toEqual({ status: 400, body: { error } });
    expect(JSON.stringify(await get('/machines'))).not.toContain('metadata');
  });
});
