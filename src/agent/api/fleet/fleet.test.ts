import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type ServedAgent, serveAgent } from '../../../../test/contract/served-agent.ts';
import { decodePageToken, encodePageToken } from './page.ts';

const option = (name: string, value: string, section = 'Service') => ({ section, name, value });
const sleep = [option('ExecStart', '/bin/sleep inf')];
const refusal = (code: number, message: unknown = expect.any(String)) => ({
  status: code,
  body: { error: { code, message } },
});

describe("fleet's API", () => {
  let agent: ServedAgent;
  const call: ServedAgent['call'] = (method, path, body, headers) =>
    agent.call(method, `/fleet/v1${path}`, body, headers);
  const put = (name: string, body: object) => call('PUT', `/units/${name}`, body);
  const get = async (path: string) => (await call('GET', path)).body;
  /** Long enough for the engine to decide and the agents to act. */
  const settle = () => agent.cluster.clock.advance(1000);

  beforeEach(async () => {
    agent = await serveAgent();
  });
  afterEach(async () => {
    await agent.end();
    expect(agent.log).toEqual([]);
  });

  test('a unit may come with its keys in any case', async () => {
    const Options = [{ Section: 'Service', NAME: 'ExecStart', value: '/bin/sleep inf' }];
    expect(await put('a.service', { Options, desiredstate: 'launched' })).toEqual({ status: 201 });
    expect(await get('/units/a.service')).toMatchObject({ desiredState: 'launched', options: sleep });
  });

  test('empty lists have no key', async () => {
    expect([await get('/units'), await get('/state')]).toEqual([{}, {}]);
  });

  test('a unit is created, launched, shown with its state, and destroyed', async () => {
    expect(await put('a.service', { options: sleep, desiredState: 'launched' })).toEqual({ status: 201 });
    expect(await get('/units/a.service')).toMatchObject({
      currentState: 'inactive',
      desiredState: 'launched',
    });
    await settle();
    const machineID = '1'.repeat(32);
    expect(JSON.stringify(await get('/units/a.service'))).toBe(
      JSON.stringify({
        currentState: 'launched',
        desiredState: 'launched',
        machineID,
        name: 'a.service',
        options: [{ name: 'ExecStart', section: 'Service', value: '/bin/sleep inf' }],
      }),
    );
    const state = {
      // SHA-1 of "[Service]\nExecStart=/bin/sleep inf\n"
      hash: expect.stringMatching(/^[0-9a-f]{40}$/),
      machineID,
      name: 'a.service',
      systemdActiveState: 'active',
      systemdLoadState: 'loaded',
      systemdSubState: 'running',
    };
    expect(await get('/state')).toEqual({ states: [state] });
    expect(await get('/state/a.service')).toEqual(state);
    expect(await call('DELETE', '/units/a.service')).toEqual({ status: 204 });
    await settle();
    expect([await get('/units'), await get('/state')]).toEqual([{}, {}]);
  });

  test('desired states turn, and currentState says what the agent has done', async () => {
    await put('a.service', { options: sleep });
    await settle();
    expect(await get('/units/a.service')).toMatchObject({
      currentState: 'inactive',
      desiredState: 'inactive',
    });
    for (const desiredState of ['loaded', 'launched', 'loaded', 'inactive']) {
      expect(await put('a.service', { desiredState })).toEqual({ status: 204 });
      await settle();
      await get('/units/a.service');
      expect(await get('/units/a.service')).toMatchObject({ currentState: desiredState, desiredState });
    }
  });

  test('fleetctl restart sees the unit as launched once more before it is stopped', async () => {
    await put('a.service', { options: sleep, desiredState: 'launched' });
    await settle();
    await put('a.service', { desiredState: 'loaded' });
    await settle();
    expect(await get('/units')).toMatchObject({ units: [{ currentState: 'loaded' }] });
    expect(await get('/units/a.service')).toMatchObject({ currentState: 'launched' });
    expect(await get('/units/a.service')).toMatchObject({ currentState: 'loaded' });
  });

  test('a job that finished counts as launched', async () => {
    const options = [option('Type', 'oneshot'), option('ExecStart', '/bin/true')];
    await put('job.service', { options, desiredState: 'launched' });
    await settle();
    expect(await get('/state/job.service')).toMatchObject({ systemdActiveState: 'inactive' });
    expect(await get('/units/job.service')).toMatchObject({ currentState: 'launched' });
  });

  test('changed options are a new unit: 201, and inactive unless the body says more', async () => {
    await put('a.service', { options: sleep, desiredState: 'launched' });
    expect(await put('a.service', { options: sleep, desiredState: 'launched' })).toEqual({ status: 204 });
    expect(await put('a.service', { options: sleep })).toEqual(
      refusal(409, 'must provide DesiredState to update existing unit'),
    );
    expect(await put('a.service', { options: [...sleep, option('Nice', '1')] })).toEqual({ status: 201 });
    expect(await get('/units/a.service')).toMatchObject({ desiredState: 'inactive' });
  });

  test('a global unit has neither machine nor current state', async () => {
    const options = [...sleep, option('Global', 'true', 'X-Fleet')];
    await put('g.service', { options, desiredState: 'launched' });
    await settle();
    expect(await get('/units')).toEqual({
      units: [{ desiredState: 'launched', name: 'g.service', options: expect.any(Array) }],
    });
    const { states } = (await get('/state?unitName=g.service')) as { states: { machineID: string }[] };
    expect(states.map(({ machineID }) => machineID)).toEqual(['1'.repeat(32), '2'.repeat(32)]);
    expect(await get(`/state?machineID=${'2'.repeat(32)}`)).toEqual({ states: [states[1]] });
    expect(await get('/state?unitName=other.service')).toEqual({});
  });

  test('a template is kept, never activated, and its name may come percent-encoded', async () => {
    expect(await put('t%40.service', { options: sleep, desiredState: 'launched' })).toEqual(
      refusal(400, expect.stringContaining('cannot activate template "t@.service"')),
    );
    expect(await put('t%40.service', { name: 't@.service', options: sleep })).toEqual({ status: 201 });
    expect(await put('t@.service', { desiredState: 'loaded' })).toEqual(
      refusal(400, expect.stringContaining('cannot activate template')),
    );
    expect(await get('/units/t%40.service?alt=json')).toMatchObject({ name: 't@.service' });
    expect(await put('t@1.service', { options: sleep, desiredState: 'launched' })).toEqual({ status: 201 });
  });

  test('a value over several lines stays as it is', async () => {
    const value = '/bin/sh -c \\\n  "sleep inf"';
    await put('a.service', { options: [option('ExecStart', value)] });
    expect(await get('/units/a.service')).toMatchObject({ options: [{ name: 'ExecStart', value }] });
  });

  test('empty values and files of our own are shown as options', async () => {
    const contents = '# comment\n[Unit]\nAfter=\n\n[Service]\nExecStart=/bin/true\n';
    await agent.cluster.apply({ put: [{ name: 'b.service', contents, targetState: 'inactive' }] });
    expect(await get('/units/b.service')).toMatchObject({
      options: [
        { name: 'After', section: 'Unit' },
        { name: 'ExecStart', section: 'Service', value: '/bin/true' },
      ],
    });
    // The same options are the same file: its comment stays.
    const options = [{ section: 'Unit', name: 'After' }, option('ExecStart', '/bin/true')];
    expect(await put('b.service', { options, desiredState: 'loaded' })).toEqual({ status: 204 });
    expect((await agent.call('GET', '/flotilla/v1/units/b.service')).body).toMatchObject({ contents });
  });

  test.each([
    { what: 'no options', name: 'a.service', body: {}, status: 409, says: 'options field empty' },
    {
      what: 'null everywhere',
      name: 'a.service',
      body: { name: null, options: null },
      status: 409,
      says: '',
    },
    {
      what: 'another name',
      name: 'a.service',
      body: { name: 'b.service' },
      status: 400,
      says: 'differs from',
    },
    {
      what: 'a bad name',
      name: 'a%20b.service',
      body: { options: sleep },
      status: 400,
      says: 'contains " "',
    },
    { what: 'a slash', name: 'a%2Fb.service', body: { options: sleep }, status: 400, says: 'contains "/"' },
    { what: 'no type', name: 'a', body: { options: sleep }, status: 400, says: 'type' },
    { what: 'null as option', name: 'a.service', body: { options: [null] }, status: 400, says: 'options.0' },
    { what: 'a wrong type', name: 'a.service', body: { options: 'x' }, status: 400, says: 'options' },
    {
      what: 'an invalid desired state',
      name: 'a.service',
      body: { options: sleep, desiredState: 'running' },
      status: 400,
      says: 'desiredState "running"',
    },
    {
      what: 'a malformed constraint',
      name: 'a.service',
      body: { options: [...sleep, option('MachineMetadata', 'disk', 'X-Fleet')] },
      status: 400,
      says: 'is not key=value',
    },
    {
      what: 'an unknown option',
      name: 'a.service',
      body: { options: [...sleep, option('Conflict', 'b.service', 'X-Fleet')] },
      status: 400,
      says: 'did you mean "Conflicts"?',
    },
    {
      what: 'what systemd refuses',
      name: 'a.service',
      body: { options: [option('Description', 'x', 'Unit')] },
      status: 400,
      says: 'no [Service] section',
    },
    {
      what: 'a line end in a value',
      name: 'a.service',
      body: { options: [option('ExecStart', '/bin/true\nExecStart=/bin/false')] },
      status: 400,
      says: 'line end',
    },
    {
      what: 'a value that a line end would cut off',
      name: 'a.service',
      body: { options: [option('ExecStart', '/bin/sleep 1\n# forever'), option('User', 'nobody')] },
      status: 400,
      says: 'option "ExecStart" of section "Service"',
    },
    {
      what: 'a name that is two lines',
      name: 'a.service',
      body: { options: [...sleep, option('Nice=1\nUser', 'nobody')] },
      status: 400,
      says: 'would be read as another',
    },
    {
      what: 'a section that ends early',
      name: 'a.service',
      body: { options: [...sleep, option('User', 'nobody', 'Service] #')] },
      status: 400,
      says: 'section "Service] #"',
    },
  ])('PUT with $what is refused', async ({ name, body, status, says }) => {
    expect(await put(name, body)).toEqual(refusal(status, expect.stringContaining(says)));
    expect(await get('/units')).toEqual({});
  });

  test('an invalid desired state is refused for a unit that is there as well', async () => {
    await put('a.service', { options: sleep });
    expect(await put('a.service', { desiredState: 'running' })).toEqual(refusal(400));
    expect(await get('/units/a.service')).toMatchObject({ desiredState: 'inactive' });
  });

  test.each([
    { status: 404, method: 'GET', path: '/units/none.service', says: 'unit does not exist' },
    { status: 404, method: 'DELETE', path: '/units/none.service', says: 'unit does not exist' },
    { status: 404, method: 'GET', path: '/state/none.service', says: 'unit state does not exist' },
    { status: 404, method: 'GET', path: '/', says: 'nothing is served' },
    { status: 404, method: 'GET', path: '/units/', says: 'nothing is served' },
    { status: 405, method: 'GET', path: '', says: '' },
    { status: 405, method: 'POST', path: '/units', says: 'only GET supported against this resource' },
    {
      status: 405,
      method: 'POST',
      path: '/units/a.service',
      says: 'only GET, PUT and DELETE supported against this resource',
    },
    { status: 405, method: 'PUT', path: '/machines', says: 'only GET and PATCH supported' },
    { status: 405, method: 'POST', path: '/state/a.service', says: 'only GET supported' },
    { status: 400, method: 'POST', path: '/discovery', says: 'only GET supported' },
    {
      status: 400,
      method: 'GET',
      path: '/units?nextPageToken=bogus',
      says: 'illegal base64 data at input byte 4',
    },
    { status: 400, method: 'GET', path: '/state?nextPageToken=', says: 'EOF' },
    { status: 400, method: 'GET', path: '/machines?nextPageToken=EwBMLg==', says: 'token limit must be 100' },
  ])('answers $status to $method $path', async ({ status, method, path, says }) => {
    expect(await call(method, path)).toEqual(refusal(status, expect.stringContaining(says)));
  });

  test('HEAD is refused, and a path that is not clean is sent on', async () => {
    expect(await call('HEAD', '/units')).toEqual({ status: 405 });
    expect(await agent.call('GET', '/')).toEqual(refusal(405));
    expect(await agent.call('GET', '//')).toEqual(refusal(301, 'moved to /'));
  });

  test.each<{ what: string; headers: Record<string, string | string[]> }>([
    { what: 'wrong', headers: { 'content-type': 'text/plain' } },
    { what: 'missing', headers: {} },
    { what: 'in capitals', headers: { 'content-type': 'Application/JSON' } },
    { what: 'doubled', headers: { 'content-type': ['application/json', 'application/json'] } },
  ])('a content type that is $what is 415', async ({ headers }) => {
    expect(await call('PUT', '/units/a.service', '{}', headers)).toEqual(refusal(415));
  });

  test('a content type may have parameters', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    expect(await call('PUT', '/units/a.service', { options: sleep }, headers)).toEqual({ status: 201 });
  });

  describe('lists', () => {
    type UnitPage = { units: { name: string }[]; nextPageToken: string };
    const some = (count: number) =>
      Array.from({ length: count }, (_, at) => ({
        name: `u${String(at).padStart(3, '0')}.service`,
        contents: '[Service]\nExecStart=/bin/true\n',
        targetState: 'inactive' as const,
      }));

    test('come in pages of a hundred, and a full page names one more', async () => {
      await agent.cluster.apply({ put: some(100) });
      const first = (await get('/units')) as UnitPage;
      expect(first.units).toHaveLength(100);
      expect(decodePageToken(first.nextPageToken)).toMatchObject({ limit: 100, page: 2 });
      expect(await get(`/units?nextPageToken=${first.nextPageToken}`)).toEqual({});
      expect(await get('/units?nextPageToken=ZAACAA==')).toEqual({});
    });

    test('of many pages read the store once, and are all of one moment', async () => {
      const units = some(250);
      await agent.cluster.apply({ put: units });
      const list = jest.spyOn(agent.cluster.store, 'list');
      const first = (await get('/units')) as UnitPage;
      expect(list).toHaveBeenCalledTimes(1);
      await agent.cluster.apply({ destroy: ['u000.service'] });
      list.mockClear();
      const second = (await get(`/units?nextPageToken=${first.nextPageToken}`)) as UnitPage;
      const third = (await get(`/units?nextPageToken=${second.nextPageToken}`)) as UnitPage;
      expect(list).not.toHaveBeenCalled();
      const names = [first, second, third].flatMap((page) => page.units.map(({ name }) => name));
      expect(names).toEqual(units.map(({ name }) => name));
    });

    test('go on with what is there now when another agent gave the page before', async () => {
      await agent.cluster.apply({ put: some(250) });
      const token = encodePageToken({ limit: 100, page: 3, revision: 1n });
      const { units } = (await get(`/units?nextPageToken=${token}`)) as UnitPage;
      expect(units.map(({ name }) => name)).toEqual(
        Array.from({ length: 50 }, (_, at) => `u${200 + at}.service`),
      );
    });

    test('are not kept more than two at a time', async () => {
      const tokens: string[] = [];
      for (const count of [101, 102, 103]) {
        await agent.cluster.apply({ put: some(count) });
        tokens.push(((await get('/units')) as UnitPage).nextPageToken);
      }
      const counts: number[] = [];
      for (const token of tokens) {
        counts.push(((await get(`/units?nextPageToken=${token}`)) as UnitPage).units.length);
      }
      expect(counts).toEqual([3, 2, 3]);
    });
  });

  test("is closed while its machine is no member, in fleet's words", async () => {
    let why: string | undefined = 'its machine id is in use';
    const twin = await serveAgent(['core-1'], { refusal: () => why });
    expect(await twin.call('GET', '/fleet/v1/machines')).toEqual(
      refusal(503, `fleet server unable to communicate with etcd: ${why}`),
    );
    why = undefined;
    expect(await twin.call('GET', '/fleet/v1/machines')).toMatchObject({ status: 200 });
    await twin.end();
  });

  test('describes itself for generators of clients', async () => {
    expect(await get('/discovery')).toMatchObject({ id: 'fleet:v1', rootUrl: '$ENDPOINT/' });
  });

  test('says 503 while etcd is away', async () => {
    agent.cluster.store.reachable = false;
    expect(await call('GET', '/units')).toEqual(refusal(503));
  });
});
