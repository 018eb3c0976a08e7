import { setTimeout as sleep } from 'node:timers/promises';
import { startApi } from '../digitalocean/api.ts';
import { at, rest } from '../digitalocean/rest.ts';
import { quick } from '../digitalocean/sample.ts';
import { FakeMachines } from '../fake-machines.ts';
import { type FaultyCloud, withoutChance } from './cloud.ts';

const range = '10.77.0.0/16';
const region = 'fra1';

export async function openDigitalocean(): Promise<FaultyCloud> {
  const api = await startApi({ ...quick, machines: new FakeMachines() });
  const { inventory } = api;
  const call = async (what: string, body?: object) => {
    const reply = await rest(api)(what, body);
    if (reply.status >= 300) throw new Error(`${what} was answered with ${reply.status}`);
    return reply;
  };
  const own = () => [...inventory.vpcs.values()].filter((vpc) => !vpc.default);
  const removeDroplet = async (id: string | number) => {
    await call(`DELETE /v2/droplets/${id}`);
    while (inventory.droplets.has(Number(id))) await sleep(2);
  };
  const named = (name: string) => [...inventory.droplets.values()].filter((each) => each.name === name);
  return {
    config: (loadBalancer) => ({
      'flotilla:platform': 'digitalocean',
      'flotilla:digitalocean': { region, sshFrom: ['192.0.2.0/24'], loadBalancer },
      'flotilla:network': range,
    }),
    variables: { DIGITALOCEAN_TOKEN: api.token, DIGITALOCEAN_API_URL: api.url },
    faults: api.faults,
    inventory: () => withoutChance(inventory.names()),
    changes: () => api.trace.changes().length,
    deeds: {
      'remove the key': async () => {
        for (const id of inventory.keys.keys()) await call(`DELETE /v2/account/keys/${id}`);
      },
      'remove the VPC': async () => {
        for (const { id } of own()) await call(`DELETE /v2/vpcs/${id}`);
      },
      'make a VPC of that range': async () => {
        await call('POST /v2/vpcs', { name: 'theirs', region, ip_range: range });
      },
      'put a droplet into the VPC': async () => {
        const [vpc] = own();
        const droplet = { name: 'theirs', region, size: 's-1vcpu-1gb', image: 'debian-13-x64' };
        const { body } = await call('POST /v2/droplets', { ...droplet, vpc_uuid: vpc?.id });
        const id = at(body, 'droplet.id');
        while (at((await call(`GET /v2/droplets/${id}`)).body, 'droplet.status') !== 'active') await sleep(2);
      },
      'remove that droplet': async () => {
        for (const { id } of named('theirs')) await removeDroplet(id);
      },
      'remove core-1': async () => {
        for (const { id } of named('core-1')) await removeDroplet(id);
      },
      'remove the droplet that is named': async (said) => {
        const [, id = ''] = /droplet delete (\d+)/.exec(said) ?? [];
        await removeDroplet(id);
      },
    },
    failures: () => api.failures,
    close: () => api.close(),
  };
}
