import { createConnection } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ServedAgent, serveAgent } from '../../../test/contract/served-agent.ts';
import { routes } from './routes.ts';

let agent: ServedAgent;
beforeAll(async () => {
  agent = await serveAgent(['core-1']);
  await agent.cluster.apply({
    put: [{ name: 'a.service', contents: '[Service]\nExecStart=/bin/true\n', targetState: 'launched' }],
  });
});
afterAll(async () => {
  await agent.end();
  expect(agent.log).toEqual([]);
});

/** Nobody may bring the agent down, or make it say that it failed. */
async function answersWell(method: string, path: string, body?: string, type = 'application/json') {
  const headers = body === undefined ? {} : { 'content-type': type };
  const { status } = await agent.call(method, path, body, headers);
  expect(status).toBeLessThan(500);
}

const methods = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE');
const segment = fc.oneof(
  fc.string().map(encodeURIComponent),
  fc.constantFrom(
    'a.service',
    'a@.service',
    'a@1.service',
    '%',
    '%ff',
    '%2F',
    '..',
    '.',
    '',
    '__proto__',
    'core-1',
  ),
);
const known = fc.constantFrom(...routes.map(({ path }) => path));
const path = fc.oneof(
  fc.array(segment).map((segments) => `/${segments.join('/')}`),
  fc.tuple(known, segment).map(([route, name]) => route.replace(/:\w+/g, name)),
);
const query = fc.oneof(
  fc.constant(''),
  fc.webQueryParameters().map((parameters) => `?${parameters}`),
  fc.string().map((token) => `?nextPageToken=${encodeURIComponent(token)}`),
  fc.string().map((since) => `?since=${encodeURIComponent(since)}`),
);

const words = fc.constantFrom(
  'launched',
  'loaded',
  'inactive',
  'running',
  'a.service',
  'b@1.service',
  'b@.service',
);
const text8 = fc.oneof(words, fc.string(), fc.string({ unit: 'binary' }));
const contents = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '[Unit]',
        '[Service]',
        '[X-Fleet]',
        '[X-Flotilla]',
        '[Install]',
        '[',
        '\\',
        '#\\',
        '\ufeff',
        '\0',
        '\r',
      ),
      fc
        .tuple(
          fc.constantFrom(
            'ExecStart',
            'Global',
            'MachineOf',
            'Conflicts',
            'Replaces',
            'MachineMetadata',
            'Ready',
          ),
          text8,
        )
        .map(([name, value]) => `${name}=${value}`),
      text8,
    ),
  )
  .map((lines) => lines.join('\n'));
const option = fc.record(
  { section: fc.oneof(fc.constantFrom('Service', 'X-Fleet', 'Unit'), text8), name: text8, value: text8 },
  { requiredKeys: [] },
);
/** What is nearly right gets furthest. */
const body = fc.oneof(
  fc.json(),
  fc.string(),
  fc
    .record(
      {
        put: fc.array(fc.record({ name: text8, contents, targetState: words }, { requiredKeys: [] })),
        destroy: fc.array(text8),
        targets: fc.array(fc.record({ name: text8, targetState: words }, { requiredKeys: [] })),
        revision: fc.oneof(fc.string(), fc.nat().map(String)),
      },
      { requiredKeys: [] },
    )
    .map((change) => JSON.stringify(change)),
  fc
    .record({ name: text8, desiredState: words, options: fc.array(option) }, { requiredKeys: [] })
    .map((unit) => JSON.stringify(unit)),
  fc
    .array(
      fc.record(
        {
          op: fc.constantFrom('add', 'remove', 'replace', 'test'),
          path: fc.oneof(
            fc.string(),
            text8.map((key) => `/x/metadata/${key}`),
            fc.constant('/x/metadata/__proto__'),
          ),
          value: fc.oneof(fc.string(), fc.record({ value: fc.string() })),
        },
        { requiredKeys: [] },
      ),
    )
    .map((patch) => JSON.stringify(patch)),
);

test('random methods, paths, queries and bodies are answered, and never with 5xx', async () => {
  await fc.assert(
    fc.asyncProperty(
      methods,
      path,
      query,
      fc.option(body, { nil: undefined }),
      async (method, path, query, body) => {
        // Followed events have no end.
        if (query.includes('follow')) return;
        await answersWell(method, `${path}${query}`, body);
      },
    ),
    { numRuns: 400 },
  );
});

test('what is nearly a change or a unit is answered, and never with 5xx', async () => {
  const targets = fc.constantFrom<readonly [string, string]>(
    ['POST', '/flotilla/v1/apply'],
    ['POST', '/flotilla/v1/plan'],
    ['PUT', '/fleet/v1/units/b.service'],
    ['PUT', '/fleet/v1/units/b@1.service'],
    ['PATCH', '/fleet/v1/machines'],
  );
  await fc.assert(
    fc.asyncProperty(targets, body, ([method, path], body) => answersWell(method, path, body)),
    { numRuns: 400 },
  );
  // What got in can be read by everybody.
  for (const path of [
    '/fleet/v1/units',
    '/flotilla/v1/units',
    '/fleet/v1/machines',
    '/flotilla/v1/metrics',
  ]) {
    expect(await agent.call('GET', path)).toMatchObject({ status: 200 });
  }
});

/** Sends bytes that need not be HTTP at all; answers what came back until the agent hung up. */
async function sendBytes(bytes: Uint8Array): Promise<string> {
  const socket = createConnection(agent.socket);
  socket.on('error', () => {});
  socket.end(bytes);
  return await text(socket).catch(() => '');
}

test('random bytes get an error or nothing, and the agent goes on', async () => {
  const start = fc.constantFrom(
    '',
    'GET / HTTP/1.1\r\n',
    'POST /flotilla/v1/apply HTTP/1.1\r\ncontent-length: 99\r\n',
  );
  await fc.assert(
    fc.asyncProperty(start, fc.uint8Array({ maxLength: 200 }), async (start, bytes) => {
      const said = await sendBytes(Buffer.concat([Buffer.from(start), bytes]));
      expect(said).not.toMatch(/^HTTP\/1.1 5/);
    }),
    { numRuns: 100 },
  );
  expect(await agent.call('GET', '/flotilla/v1/health')).toMatchObject({ status: 200 });
});
