import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import * as z from 'zod';
import { type ServedAgent, serveAgent } from '../../../test/contract/served-agent.ts';
import { routes } from './routes.ts';
import { maxUnits } from './schemas.ts';

const content = z.looseObject({ schema: z.looseObject({}) });
const response = z.looseObject({ content: z.record(z.string(), content).optional() });
const operation = z.looseObject({ responses: z.record(z.string(), response) });
const document = z.looseObject({
  openapi: z.literal('3.1.0'),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), z.looseObject({})) }),
});
type Document = z.infer<typeof document>;

/** What to send to an operation, and the status that answers. Without a row here an operation fails the test. */
interface Example {
  readonly path: string;
  readonly body?: unknown;
  readonly status: number;
}

const options = [{ section: 'Service', name: 'ExecStart', value: '/bin/true' }];
const change = {
  put: [{ name: 'new.service', contents: '[Service]\nExecStart=/x\n', targetState: 'loaded' }],
  destroy: [],
};

const digest = `sha256:${'1'.repeat(64)}`;
const pushed = { id: digest, manifest: { mediaType: 'application/json', digest, size: 2 } };

const examples: Readonly<Record<string, readonly Example[]>> = {
  'get /flotilla/v1/health': [{ path: '/flotilla/v1/health', status: 200 }],
  'get /flotilla/v1/machines': [{ path: '/flotilla/v1/machines', status: 200 }],
  'get /flotilla/v1/units': [{ path: '/flotilla/v1/units', status: 200 }],
  'get /flotilla/v1/units/{name}': [
    { path: '/flotilla/v1/units/a.service', status: 200 },
    { path: '/flotilla/v1/units/none.service', status: 404 },
  ],
  'post /flotilla/v1/plan': [
    { path: '/flotilla/v1/plan', body: change, status: 200 },
    { path: '/flotilla/v1/plan', body: {}, status: 400 },
  ],
  'post /flotilla/v1/apply': [{ path: '/flotilla/v1/apply', body: change, status: 200 }],
  'get /flotilla/v1/explain/{unit}': [
    { path: '/flotilla/v1/explain/a.service', status: 200 },
    { path: '/flotilla/v1/explain/pending.service', status: 200 },
    { path: '/flotilla/v1/explain/none.service', status: 404 },
  ],
  'get /flotilla/v1/events': [
    { path: '/flotilla/v1/events', status: 200 },
    { path: '/flotilla/v1/events?since=x', status: 400 },
  ],
  'get /flotilla/v1/metrics': [{ path: '/flotilla/v1/metrics', status: 200 }],
  'get /flotilla/v1/openapi.json': [{ path: '/flotilla/v1/openapi.json', status: 200 }],
  'post /flotilla/v1/machines/{machine}/cordon': [
    { path: '/flotilla/v1/machines/core-1/cordon', status: 200 },
    { path: '/flotilla/v1/machines/none/cordon', status: 404 },
  ],
  'post /flotilla/v1/machines/{machine}/drain': [
    { path: '/flotilla/v1/machines/core-1/drain', body: { reason: 'new disk' }, status: 200 },
  ],
  'post /flotilla/v1/machines/{machine}/uncordon': [
    { path: '/flotilla/v1/machines/core-1/uncordon', status: 200 },
  ],
  'post /flotilla/v1/departures': [
    { path: '/flotilla/v1/departures', body: { machines: ['1'.repeat(32)] }, status: 200 },
    { path: '/flotilla/v1/departures', body: {}, status: 400 },
  ],
  'post /flotilla/v1/rebalance': [{ path: '/flotilla/v1/rebalance', body: { maxMoves: 1 }, status: 200 }],
  'get /flotilla/v1/services': [{ path: '/flotilla/v1/services', status: 200 }],
  'get /flotilla/v1/images': [{ path: '/flotilla/v1/images', status: 200 }],
  'put /flotilla/v1/images/{architecture}/{name}': [
    { path: '/flotilla/v1/images/amd64/team%2Fapp:1', body: pushed, status: 200 },
    { path: '/flotilla/v1/images/amd64/app', body: pushed, status: 400 },
    { path: '/flotilla/v1/images/amd64/app:1', body: {}, status: 400 },
  ],
  'delete /flotilla/v1/images/{architecture}/{name}': [
    { path: '/flotilla/v1/images/amd64/team%2Fapp:1', status: 204 },
    { path: '/flotilla/v1/images/amd64/none:1', status: 404 },
  ],
  'get /flotilla/v1/rollouts': [{ path: '/flotilla/v1/rollouts', status: 200 }],
  'post /flotilla/v1/rollouts/{name}/pause': [
    { path: '/flotilla/v1/rollouts/web%40.service/pause', status: 200 },
    { path: '/flotilla/v1/rollouts/none%40.service/pause', status: 404 },
  ],
  'post /flotilla/v1/rollouts/{name}/resume': [
    { path: '/flotilla/v1/rollouts/web%40.service/resume', status: 200 },
  ],
  'post /flotilla/v1/rollouts/{name}/undo': [
    { path: '/flotilla/v1/rollouts/web%40.service/undo', status: 200 },
  ],
  'get /fleet/v1/units': [{ path: '/fleet/v1/units', status: 200 }],
  'get /fleet/v1/units/{name}': [{ path: '/fleet/v1/units/a.service', status: 200 }],
  'put /fleet/v1/units/{name}': [
    { path: '/fleet/v1/units/f.service', body: { options }, status: 201 },
    { path: '/fleet/v1/units/f.service', body: { desiredState: 'loaded' }, status: 204 },
    { path: '/fleet/v1/units/f.service', body: {}, status: 409 },
  ],
  'delete /fleet/v1/units/{name}': [{ path: '/fleet/v1/units/f.service', status: 204 }],
  'get /fleet/v1/state': [{ path: '/fleet/v1/state', status: 200 }],
  'get /fleet/v1/state/{name}': [{ path: '/fleet/v1/state/a.service', status: 200 }],
  'get /fleet/v1/machines': [{ path: '/fleet/v1/machines', status: 200 }],
  'patch /fleet/v1/machines': [
    { path: '/fleet/v1/machines', body: [{ op: 'add', path: '/x/metadata/y', value: 'z' }], status: 204 },
    { path: '/fleet/v1/machines', body: {}, status: 400 },
  ],
  'get /fleet/v1/discovery': [{ path: '/fleet/v1/discovery', status: 200 }],
};

let agent: ServedAgent;

beforeEach(async () => {
  agent = await serveAgent();
  const unit = (name: string, more = '') => ({
    name,
    contents: `[Service]\nExecStart=/bin/true\n${more}`,
    targetState: 'launched' as const,
  });
  const pending = unit('pending.service', '[X-Fleet]\nMachineMetadata=disk=none\n');
  const offering = unit('offering.service', 'RemainAfterExit=yes\n[X-Flotilla]\nService=app\nPort=80\n');
  const web = (more: string) => [unit('web@1.service', more), unit('web@2.service', more)];
  await agent.cluster.apply({ put: [unit('a.service'), offering, pending, ...web('')] });
  await agent.cluster.clock.advance(60_000);
  // In the middle of a rollout.
  await agent.cluster.apply({ put: web('Nice=1\n') });
  await agent.cluster.clock.advance(100);
});
afterEach(() => agent.end());

async function readDocument(): Promise<Document> {
  return document.parse((await agent.call('GET', '/flotilla/v1/openapi.json')).body);
}

/** Each kind of line, or the whole body, by its media type. */
function bodiesOf(type: string, body: unknown): unknown[] {
  if (type !== 'application/x-ndjson') return [body];
  const lines = String(body).split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

/** The problems that a document has with an answer to one of its operations. */
function problemsOf(
  { components }: Document,
  { responses }: z.infer<typeof operation>,
  status: number,
  body: unknown,
) {
  const found = responses[status] ?? responses[`${String(status)[0]}XX`];
  if (found === undefined) return [`status ${status} is not documented`];
  const [media] = Object.entries(found.content ?? {});
  if (media === undefined) return body === undefined ? [] : ['there is a body, none is documented'];
  const [type, { schema }] = media;
  const $defs = components.schemas;
  const text = JSON.stringify({ ...schema, $defs }).replaceAll('#/components/schemas/', '#/$defs/');
  const expected = z.fromJSONSchema(JSON.parse(text));
  return bodiesOf(type, body).flatMap((one) => expected.safeParse(one).error?.issues ?? []);
}

test('every operation of the document answers as the document says', async () => {
  const found = await readDocument();
  for (const [path, methods] of Object.entries(found.paths)) {
    for (const [method, described] of Object.entries(methods)) {
      const operation = `${method} ${path}`;
      expect({ operation, examples: examples[operation] }).toEqual({
        operation,
        examples: expect.any(Array),
      });
      for (const { path, body, status } of examples[operation] ?? []) {
        const reply = await agent.call(method.toUpperCase(), path, body);
        const problems = problemsOf(found, described, reply.status, reply.body);
        expect({ operation, path, status: reply.status, problems }).toEqual({
          operation,
          path,
          status,
          problems: [],
        });
      }
    }
  }
});

test('every route is in the document, and no other', async () => {
  const { paths } = await readDocument();
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  const served = routes.map(
    ({ method, path }) => `${method.toLowerCase()} ${path.replace(/:(\w+)/g, '{$1}')}`,
  );
  expect(documented.sort()).toEqual(served.sort());
});

test('an answer that the document does not know is told', async () => {
  const found = await readDocument();
  const described = found.paths['/flotilla/v1/units']?.get;
  const reply = { revision: '1', units: [], surprise: true };
  expect(described && problemsOf(found, described, 200, reply)).toMatchObject([{ keys: ['surprise'] }]);
  expect(described && problemsOf(found, described, 204, undefined)).toEqual(['status 204 is not documented']);
});

test('the document says how long lists in requests may be', async () => {
  const { components } = await readDocument();
  const { ChangeRequest, FleetUnitRequest, FleetMetadataPatch } = components.schemas;
  expect(ChangeRequest).toMatchObject({
    properties: {
      put: { maxItems: maxUnits },
      destroy: { maxItems: maxUnits },
      targets: { maxItems: maxUnits },
    },
  });
  expect(JSON.stringify(FleetUnitRequest)).toContain('"maxItems":10000');
  expect(FleetMetadataPatch).toMatchObject({ maxItems: maxUnits });
});

test('docs/api.md names every noun of /flotilla/v1', async () => {
  const { paths } = await readDocument();
  const own = Object.keys(paths).filter((path) => path.startsWith('/flotilla/v1/'));
  const nouns = [...new Set(own.map((path) => path.split('/')[3]))];
  const [, section = ''] = readFileSync('docs/api.md', 'utf8').split('\n## /flotilla/v1\n');
  expect(nouns).toContain('rollouts');
  expect(nouns.filter((noun) => !new RegExp(`(GET|POST) /${noun}\\b`).test(section))).toEqual([]);
});
