import { expect, test } from '@jest/globals';
import { type ServedAgent, serveAgent } from '../../../test/contract/served-agent.ts';
import { encodeAddress, encodeRegistration, memberKey, serviceKey } from '../../store/keys.ts';

/** Two machines, of which the first has app@1.service and the second has app@2.service, and their API. */
async function withServices(work: (agent: ServedAgent) => Promise<void>): Promise<void> {
  const agent = await serveAgent();
  try {
    const put = [1, 2].map((number) => ({
      name: `app@${number}.service`,
      contents: '[Service]\nExecStart=/bin/sleep inf\n[X-Flotilla]\nService=app\nPort=500%i\n',
      targetState: 'launched' as const,
    }));
    await agent.cluster.apply({ put });
    await agent.cluster.clock.advance(2000);
    await work(agent);
    expect(agent.log).toEqual([]);
  } finally {
    await agent.end();
  }
}

const services = async (agent: ServedAgent) => (await agent.call('GET', '/flotilla/v1/services')).body;
const [one, two] = ['1', '2'].map((digit) => digit.repeat(32));
const first = {
  service: 'app',
  unit: 'app@1.service',
  machineId: one,
  machine: 'core-1',
  address: '10.0.0.1',
};
const second = {
  service: 'app',
  unit: 'app@2.service',
  machineId: two,
  machine: 'core-2',
  address: '10.0.0.2',
};

test('ready units are listed with name, address and port', () =>
  withServices(async (agent) => {
    expect(await services(agent)).toEqual({
      services: [
        { ...first, port: 5001 },
        { ...second, port: 5002 },
      ],
    });
  }));

test('of what a machine registers only what the engine gave it counts', () =>
  withServices(async (agent) => {
    const lies = [
      // A service, a port and a unit that it has not, and somebody else's unit.
      { ...second, service: 'db', port: 5002 },
      { ...second, service: 'app', unit: 'ghost.service', port: 5002 },
      { ...second, unit: 'app@1.service', port: 5001 },
    ];
    for (const lie of lies) {
      const { machineId = '', service, unit } = lie;
      const value = encodeRegistration({ ...lie, machineId });
      await agent.cluster.store.transact({
        compare: [],
        success: [{ put: serviceKey(machineId, service, unit), value }],
      });
    }
    expect(await services(agent)).toEqual({
      services: [
        { ...first, port: 5001 },
        { ...second, port: 5002 },
      ],
    });
    const { machineId = '', unit } = second;
    const value = encodeRegistration({ ...second, machineId, port: 22 });
    await agent.cluster.store.transact({
      compare: [],
      success: [{ put: serviceKey(machineId, 'app', unit), value }],
    });
    expect(await services(agent)).toEqual({ services: [{ ...first, port: 5001 }] });
  }));

test('name and address are those that the stack knows, and who is none of its machines offers nothing', () =>
  withServices(async (agent) => {
    const member = { name: 'blue-1', address: '10.9.9.9' };
    await agent.cluster.store.transact({
      compare: [],
      success: [{ put: memberKey(one ?? ''), value: encodeAddress(member) }],
    });
    expect(await services(agent)).toEqual({
      services: [{ ...first, machine: 'blue-1', address: '10.9.9.9', port: 5001 }],
    });
  }));
