import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ServedAgent, serveAgent } from '../../../test/contract/served-agent.ts';

const waitsFor = (...units: readonly string[]) =>
  `[Service]\nExecStart=/bin/sleep inf\n[X-Flotilla]\nAfterReady=${units.join(' ')}\n`;
const put = (name: string, ...units: readonly string[]) => ({
  name,
  contents: waitsFor(...units),
  targetState: 'launched',
});
const change = (...units: readonly ReturnType<typeof put>[]) => ({ put: units, destroy: [] as string[] });

const circle = (names: string) => ({
  status: 400,
  body: {
    error: {
      code: 400,
      message: expect.stringContaining(
        `AfterReady= leads in a circle: ${names}; none of them would ever start; take one out`,
      ),
    },
  },
});

describe('units that would wait for one another', () => {
  let agent: ServedAgent;

  beforeEach(async () => {
    agent = await serveAgent();
    const first = change(put('a.service', 'b.service'), put('b.service', 'c@1.service'));
    expect(await agent.call('POST', '/flotilla/v1/apply', first)).toMatchObject({ status: 200 });
  });
  afterEach(() => agent.end());

  test.each(['plan', 'apply'])('through units of an earlier push are refused by %s', async (path) => {
    const closing = change(put('c@1.service', 'a.service'), put('d.service', 'a.service'));
    const reply = await agent.call('POST', `/flotilla/v1/${path}`, closing);
    expect(reply).toEqual(circle('a.service → b.service → c@1.service → a.service'));
    expect(reply.body).toMatchObject({ error: { message: expect.stringMatching(/^c@1\.service:4: /) } });
  });

  test("are refused by fleet's PUT", async () => {
    const options = [
      { section: 'Service', name: 'ExecStart', value: '/bin/sleep inf' },
      { section: 'X-Flotilla', name: 'AfterReady', value: 'a.service' },
    ];
    const reply = await agent.call('PUT', '/fleet/v1/units/c@1.service', { options });
    expect(reply).toEqual(circle('a.service → b.service → c@1.service → a.service'));
  });

  test('are taken where the same change opens the circle', async () => {
    const other = { ...change(put('c@1.service', 'a.service')), destroy: ['b.service'] };
    expect(await agent.call('POST', '/flotilla/v1/plan', other)).toMatchObject({ status: 200 });
    const turned = change(put('c@1.service', 'a.service'), put('b.service', 'x.service'));
    expect(await agent.call('POST', '/flotilla/v1/apply', turned)).toMatchObject({ status: 200 });
  });
});
