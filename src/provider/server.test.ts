import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import provider from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import messages from '@pulumi/pulumi/proto/provider_pb.js';
import status from '@pulumi/pulumi/proto/status_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import * as z from 'zod';
import { anyHandler } from './handler.ts';
import { type AnyFunction, type AnyHandler, InitFailed, type Properties, unknownValue } from './resource.ts';
import { createServer, toStruct } from './server.ts';

/** A resource that lives in a map: enough to see what the engine would see. */
const machines = new Map<string, { size: number; dead: boolean }>();

const machine = anyHandler({
  inputs: z.object({ size: z.number().min(1), zone: z.string(), tags: z.record(z.string(), z.string()) }),
  outputs: z.object({ address: z.string(), dead: z.boolean().optional() }),
  computed: ['address'],
  changes: { zone: 'replace' },
  drift: ({ dead }) => (dead ? { dead: 'the machine stopped' } : {}),
  async create(inputs, { name, log }) {
    log(`starting ${name}`);
    machines.set(name, { size: inputs.size, dead: false });
    if (inputs.size > 100) throw new InitFailed('it does not boot', name, { address: '10.0.0.1' });
    return { id: name, outputs: { address: '10.0.0.1' } };
  },
  async read(id, outputs) {
    const found = machines.get(id);
    return found && { outputs: { ...outputs, dead: found.dead } };
  },
  async update(id, { size }, old) {
    machines.set(id, { size, dead: false });
    return { ...old, dead: false };
  },
  async delete(id) {
    machines.delete(id);
  },
});

/** What lies on this computer under the cluster's name. */
const folder = anyHandler({
  inputs: z.object({}),
  outputs: z.object({ name: z.string() }),
  computed: [],
  id: ({ stack, name }) => `${stack}/${name}`,
  create: async (_, { stack, name }) => ({ id: `${stack}/${name}`, outputs: { name } }),
});

/** Things that share a pool of names, may shrink only by being made anew unless kept, and get a name that stays. */
const disk: AnyHandler = {
  ...anyHandler({
    inputs: z.object({ name: z.string(), gigabytes: z.number(), keep: z.boolean().optional() }),
    outputs: z.object({}),
    computed: [],
    changes: { gigabytes: (old, value, { keep }) => Number(value) < Number(old) && keep !== true },
    create: async ({ name }) => ({ id: name, outputs: {} }),
  }),
  complete: async (inputs, { name, old }) => ({ ...inputs, name: inputs.name ?? old?.name ?? `${name}-1` }),
  deletesFirst: (old, inputs) => old.name === inputs.name,
};

const newest: AnyFunction = {
  args: z.object({ os: z.string() }),
  problems: ({ os }) => (os === undefined ? [{ path: 'os', reason: 'is required' }] : []),
  call: async ({ os }) => ({ image: `${os}-2` }),
};

const urn = 'urn:pulumi:dev::flotilla::flotilla:local:Network$flotilla:test:Machine::core-1';
const diskUrn = 'urn:pulumi:dev::flotilla::flotilla:test:Disk::data';
const logged: string[] = [];
const configured: Properties[] = [];
const cancellation = new AbortController();
const server = createServer({
  handlers: { 'flotilla:test:Machine': machine, 'flotilla:test:Disk': disk, 'flotilla:test:Folder': folder },
  functions: { 'flotilla:test:newest': newest },
  configure: ({ args }) => configured.push(args),
  version: '1.2.3',
  cancellation,
  log: { connect: () => undefined, info: (_, line) => logged.push(line) },
});
let client: provider.ResourceProviderClient;

beforeAll(async () => {
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  client = new provider.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
});

afterAll(() => {
  client.close();
  server.forceShutdown();
});

function call<Request, Response>(
  method: (
    request: Request,
    callback: (error: grpc.ServiceError | null, response: Response) => void,
  ) => unknown,
  request: Request,
): Promise<Response> {
  return new Promise((resolve, reject) =>
    method.call(client, request, (error, response) => (error ? reject(error) : resolve(response))),
  );
}

const inputs = { size: 2, zone: 'a', tags: { role: 'core' } };
const create = (properties: Properties, preview = false) =>
  call<messages.CreateRequest, messages.CreateResponse>(
    client.create,
    new messages.CreateRequest().setUrn(urn).setProperties(toStruct(properties)).setPreview(preview),
  );
const diff = (news: Properties, olds: Properties = {}, ignored: string[] = []) =>
  call<messages.DiffRequest, messages.DiffResponse>(
    client.diff,
    new messages.DiffRequest()
      .setUrn(urn)
      .setOldInputs(toStruct(inputs))
      .setOlds(toStruct({ ...inputs, address: '10.0.0.1', ...olds }))
      .setNews(toStruct(news))
      .setIgnorechangesList(ignored),
  );
const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;

test('the schema names each type with its inputs and outputs', async () => {
  const response = await call<messages.GetSchemaRequest, messages.GetSchemaResponse>(
    client.getSchema,
    new messages.GetSchemaRequest(),
  );
  const { resources } = JSON.parse(response.getSchema());
  expect(resources['flotilla:test:Machine']).toEqual({
    inputProperties: {
      size: { type: 'number' },
      zone: { type: 'string' },
      tags: { type: 'object', additionalProperties: { type: 'string' } },
    },
    requiredInputs: ['size', 'zone', 'tags'],
    properties: expect.objectContaining({ address: { type: 'string' } }),
    required: ['size', 'zone', 'tags', 'address'],
  });
});

test('the provider is told its settings', async () => {
  const secret = { '4dabf18193072939515e22adb298388d': '1b47061264138c4ac30d75fd1eb44270', value: 'hush' };
  const args = toStruct({ token: secret, retries: '4', deep: { list: [secret] } });
  const request = new messages.ConfigureRequest().setArgs(args);
  await call<messages.ConfigureRequest, messages.ConfigureResponse>(client.configure, request);
  expect(configured).toEqual([{ token: 'hush', retries: '4', deep: { list: ['hush'] } }]);
});

describe('check', () => {
  const check = async (news: Properties) => {
    const request = new messages.CheckRequest().setUrn(urn).setNews(toStruct(news));
    const response = await call<messages.CheckRequest, messages.CheckResponse>(client.check, request);
    return response.getFailuresList().map((failure) => failure.getProperty());
  };

  test('names every input that is wrong', async () => {
    expect(await check({ size: 0, tags: { a: 1 } })).toEqual(['size', 'zone', 'tags.a']);
  });

  test.each([
    ['data-1', undefined],
    ['data-0', { name: 'data-0' }],
  ])('completes the inputs: %s', async (name, old) => {
    const request = new messages.CheckRequest().setUrn(diskUrn).setNews(toStruct({ gigabytes: 1 }));
    if (old) request.setOlds(toStruct(old));
    const response = await call<messages.CheckRequest, messages.CheckResponse>(client.check, request);
    expect(response.getInputs()?.toJavaScript()).toEqual({ gigabytes: 1, name });
  });

  test('lets pass what is not known yet', async () => {
    expect(await check({ ...inputs, size: unknownValue })).toEqual([]);
  });
});

describe('diff', () => {
  test('is none for the same inputs', async () => {
    expect((await diff(inputs)).getChanges()).toBe(DIFF_NONE);
  });

  test('names each changed property by its path', async () => {
    const response = await diff({ ...inputs, size: 3, tags: { role: 'worker', 'a.b': 'x' } });
    expect(response.getChanges()).toBe(DIFF_SOME);
    expect(response.getDiffsList()).toEqual(['size', 'tags.role', 'tags["a.b"]']);
    expect(response.getReplacesList()).toEqual([]);
  });

  test('replaces where the table says so', async () => {
    expect((await diff({ ...inputs, zone: 'b' })).getReplacesList()).toEqual(['zone']);
  });

  test.each([
    [1, true, 'data', true],
    [1, true, 'other', false],
    [3, false, 'data', false],
  ])('of 2 GB to %d: replaced %s; as %s: old one first %s', async (gigabytes, replaced, name, first) => {
    const request = new messages.DiffRequest()
      .setUrn(diskUrn)
      .setOldInputs(toStruct({ name: 'data', gigabytes: 2 }))
      .setOlds(toStruct({ name: 'data', gigabytes: 2 }))
      .setNews(toStruct({ name, gigabytes }));
    const response = await call<messages.DiffRequest, messages.DiffResponse>(client.diff, request);
    expect(response.getReplacesList()).toEqual(replaced ? ['gigabytes'] : []);
    expect(response.getDeletebeforereplace()).toBe(first);
  });

  test('a rule may look at the other inputs', async () => {
    const request = new messages.DiffRequest()
      .setUrn(diskUrn)
      .setOldInputs(toStruct({ name: 'data', gigabytes: 2, keep: true }))
      .setNews(toStruct({ name: 'data', gigabytes: 1, keep: true }));
    const response = await call<messages.DiffRequest, messages.DiffResponse>(client.diff, request);
    expect([response.getDiffsList(), response.getReplacesList()]).toEqual([['gigabytes'], []]);
  });

  test('leaves out what the program ignores', async () => {
    expect((await diff({ ...inputs, zone: 'b' }, {}, ['zone'])).getChanges()).toBe(DIFF_NONE);
  });

  test('shows what refresh found, and says why', async () => {
    const response = await diff(inputs, { dead: true });
    expect(response.getDiffsList()).toEqual(['dead']);
    expect(logged).toContain('the machine stopped');
  });
});

describe('create', () => {
  test('gives inputs and outputs back, and logs under the resource', async () => {
    const response = await create(inputs);
    expect(response.getId()).toBe('core-1');
    expect(response.getProperties()?.toJavaScript()).toEqual({ ...inputs, address: '10.0.0.1' });
    expect(logged).toContain('starting core-1');
  });

  test('makes nothing at preview and leaves computed outputs unknown', async () => {
    machines.clear();
    const response = await create(inputs, true);
    expect(response.getProperties()?.toJavaScript()).toEqual({ ...inputs, address: unknownValue });
    expect(machines.size).toBe(0);
  });

  test('a failure after something was made keeps it in the state', async () => {
    const failure = await create({ ...inputs, size: 101 }).catch((error: grpc.ServiceError) => error);
    if (!(failure instanceof Error)) throw new Error('expected a failure');
    expect(failure.message).toContain('it does not boot');
    const [details] = failure.metadata.get('grpc-status-details-bin');
    const detail = status.Status.deserializeBinary(
      Uint8Array.from(Buffer.from(details ?? '')),
    ).getDetailsList()[0];
    const failed = messages.ErrorResourceInitFailed.deserializeBinary(
      detail?.getValue_asU8() ?? new Uint8Array(),
    );
    expect(failed.getId()).toBe('core-1');
    expect(failed.getProperties()?.toJavaScript()).toEqual({ address: '10.0.0.1' });
  });

  test('an unknown type is named', async () => {
    const request = new messages.CreateRequest().setUrn('urn:pulumi:dev::flotilla::flotilla:test:Moon::m');
    await expect(call(client.create, request)).rejects.toThrow('flotilla:test:Moon');
  });
});

describe('a stack of several clusters', () => {
  const urnIn = (name: string) =>
    `urn:pulumi:dev::flotilla::flotilla:components:Cluster$flotilla:test:Folder::${name}`;

  test('what a handler sees of a resource is its name in its cluster, and whose it is', async () => {
    const request = new messages.CreateRequest().setUrn(urnIn('blue/core-1')).setProperties(toStruct({}));
    const response = await call<messages.CreateRequest, messages.CreateResponse>(client.create, request);
    expect(response.getId()).toBe('dev/blue/core-1');
    expect(response.getProperties()?.toJavaScript()).toEqual({ name: 'core-1' });
  });

  test('what lies on this computer under a name is not looked for under another', async () => {
    const diffOf = (name: string, id: string) =>
      call<messages.DiffRequest, messages.DiffResponse>(
        client.diff,
        new messages.DiffRequest()
          .setUrn(urnIn(name))
          .setId(id)
          .setOldInputs(toStruct({}))
          .setOlds(toStruct({ name: 'core-1' }))
          .setNews(toStruct({})),
      );
    expect((await diffOf('blue/core-1', 'dev/blue/core-1')).getChanges()).toBe(DIFF_NONE);
    await expect(diffOf('green/core-1', 'dev/blue/core-1')).rejects.toThrow(
      'dev/blue/core-1 was renamed to dev/green/core-1',
    );
  });
});

describe('read', () => {
  const read = (id: string) =>
    call<messages.ReadRequest, messages.ReadResponse>(
      client.read,
      new messages.ReadRequest()
        .setUrn(urn)
        .setId(id)
        .setInputs(toStruct(inputs))
        .setProperties(toStruct({ ...inputs, address: '10.0.0.1' })),
    );

  test('tells what is there', async () => {
    machines.set('core-1', { size: 2, dead: true });
    expect((await read('core-1')).getProperties()?.toJavaScript()).toMatchObject({ dead: true });
  });

  test('an empty id says that it is gone', async () => {
    expect((await read('core-9')).getId()).toBe('');
  });
});

describe('a function', () => {
  const invoke = (tok: string, args: Properties) =>
    call<messages.InvokeRequest, messages.InvokeResponse>(
      client.invoke,
      new messages.InvokeRequest().setTok(tok).setArgs(toStruct(args)),
    );

  test('answers', async () => {
    const response = await invoke('flotilla:test:newest', { os: 'debian' });
    expect(response.getReturn()?.toJavaScript()).toEqual({ image: 'debian-2' });
  });

  test('names each argument that is wrong', async () => {
    const [failure] = (await invoke('flotilla:test:newest', {})).getFailuresList();
    expect([failure?.getProperty(), failure?.getReason()]).toEqual(['os', 'is required']);
  });

  test('that is not known is named', async () => {
    await expect(invoke('flotilla:test:moon', {})).rejects.toThrow('no function flotilla:test:moon');
  });
});

test('update gives what it is now, with what the inputs say', async () => {
  machines.set('core-1', { size: 2, dead: true });
  const request = new messages.UpdateRequest()
    .setUrn(urn)
    .setId('core-1')
    .setOlds(toStruct({ ...inputs, address: '10.0.0.1', dead: true }))
    .setNews(toStruct({ ...inputs, size: 3 }));
  const response = await call<messages.UpdateRequest, messages.UpdateResponse>(client.update, request);
  expect(response.getProperties()?.toJavaScript()).toMatchObject({
    size: 3,
    address: '10.0.0.1',
    dead: false,
  });
  expect(machines.get('core-1')).toEqual({ size: 3, dead: false });
});

test('delete removes it', async () => {
  machines.set('core-1', { size: 2, dead: false });
  const request = new messages.DeleteRequest()
    .setUrn(urn)
    .setId('core-1')
    .setProperties(toStruct({ ...inputs, address: '10.0.0.1' }));
  await call(client.delete, request);
  expect(machines.size).toBe(0);
});

test('cancel reaches what is under way', async () => {
  expect(cancellation.signal.aborted).toBe(false);
  await call(client.cancel, new empty.Empty());
  expect(cancellation.signal.aborted).toBe(true);
});
