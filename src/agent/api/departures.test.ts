import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ServedAgent, serveAgent } from '../../../test/contract/served-agent.ts';

const unit = (name: string, more = '') => ({
  name,
  contents: `[Service]\nExecStart=/bin/sleep inf\n${more}`,
  targetState: 'launched' as const,
});

describe('POST /flotilla/v1/departures', () => {
  let agent: ServedAgent;
  const [one, two, three] = ['1', '2', '3'].map((digit) => digit.repeat(32));

  beforeEach(async () => {
    agent = await serveAgent(['core-1', 'core-2', 'core-3']);
  });
  afterEach(() => agent.end());

  async function launch(...units: ReturnType<typeof unit>[]): Promise<void> {
    await agent.cluster.apply({ put: units });
    await agent.cluster.clock.advance(60_000);
  }

  async function departures(...machines: readonly (string | undefined)[]) {
    const { status, body } = await agent.call('POST', '/flotilla/v1/departures', { machines });
    expect(status).toBe(200);
    return body;
  }

  test('says of each unit of the machine whether it moves, waits, stays or ends', async () => {
    await launch(
      unit('a.service'),
      unit('all.service', '[X-Fleet]\nGlobal=true\n'),
      unit('bound.service', `[X-Fleet]\nMachineID=${one}\n`),
      ...[1, 2].map((at) => unit(`web@${at}.service`, `[X-Fleet]\nMachineID=${one}\n`)),
    );
    // Two instances on one machine, which may go elsewhere now.
    await launch(...[1, 2].map((at) => unit(`web@${at}.service`)));
    const before = (await agent.cluster.store.list('/')).revision;
    const reply = await departures(one, two, three, 'f'.repeat(32));
    expect(reply).toMatchObject({ departures: expect.any(Array) });
    expect(await departures(one)).toEqual({
      departures: expect.arrayContaining([
        { unit: 'all.service', machineId: one, outcome: 'ends', reason: expect.stringContaining('global') },
        {
          unit: 'bound.service',
          machineId: one,
          outcome: 'stays',
          reason: expect.stringMatching(/^core-1 is draining; /),
        },
        {
          unit: 'web@1.service',
          machineId: one,
          outcome: 'moves',
          reason: expect.stringMatching(/^to core-[23]: /),
        },
        {
          unit: 'web@2.service',
          machineId: one,
          outcome: 'waits',
          reason: expect.stringContaining('waits for other instances of web@.service'),
        },
      ]),
    });
    expect((await agent.cluster.store.list('/')).revision).toBe(before);
  });

  test('none of the machines takes units of another one', async () => {
    await launch(unit('a.service'));
    const all = { departures: [expect.objectContaining({ unit: 'a.service', outcome: 'stays' })] };
    expect(await departures(one, two, three)).toEqual(all);
  });

  test('nothing is said of a machine without units, or of none', async () => {
    await launch(unit('a.service', `[X-Fleet]\nMachineID=${one}\n`));
    expect(await departures(two)).toEqual({ departures: [] });
    expect(await departures()).toEqual({ departures: [] });
  });

  test('of units on a machine that is missing nothing can be decided', async () => {
    await launch(unit('a.service', `[X-Fleet]\nMachineID=${one}\n`));
    const machine = agent.cluster.get('core-1');
    await machine.crash();
    await agent.cluster.clock.advance(20_000);
    expect(await departures(one)).toMatchObject({ departures: [{ outcome: 'waits' }] });
  });
});
