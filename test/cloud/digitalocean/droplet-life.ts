import { type Cloud, now, pause } from './cloud.ts';
import type { Action, Droplet } from './inventory.ts';

/** Boots a new droplet's machine. The droplet becomes `active` some time after the machine has its addresses. */
export function bootDroplet(cloud: Cloud, droplet: Droplet): Action {
  const action = startAction(cloud, droplet, 'create');
  const fate = cloud.faults.ofMachine(droplet.name);
  if (fate === 'never active') return action;
  cloud.background(async () => {
    try {
      const addresses = await cloud.machines.boot(machineSpec(cloud, droplet), () => stopped(droplet));
      if (!(await pause(cloud, cloud.delays.boot))) return;
      droplet.addresses = addresses;
      droplet.status = fate === 'off' ? 'off' : 'active';
      endAction(action, 'completed');
    } catch (error) {
      // As with DigitalOcean, what can't boot stays `new`; its create action says that it failed.
      endAction(action, 'errored');
      throw error;
    }
    if (fate === 'dies') await die(cloud, droplet);
  });
  return action;
}

/** The droplet is there until it is gone, without any state of its own for that. */
export function removeDroplet(cloud: Cloud, droplet: Droplet): void {
  const { inventory, machines, trace } = cloud;
  droplet.deleting = true;
  cloud.background(async () => {
    await machines.destroy(String(droplet.id));
    if (!(await pause(cloud, cloud.delays.destroy))) return;
    inventory.droplets.delete(droplet.id);
    inventory.assigned.delete(`do:droplet:${droplet.id}`);
    for (const each of [...inventory.firewalls.values(), ...inventory.loadBalancers.values()])
      each.droplet_ids = each.droplet_ids.filter((id) => id !== droplet.id);
    trace.add({ kind: 'deleted', type: 'droplet', name: droplet.name, id: String(droplet.id) });
  });
}

export function startAction(cloud: Cloud, droplet: Droplet, type: string): Action {
  const action: Action = {
    id: cloud.number(),
    type,
    resource_id: droplet.id,
    region: droplet.region,
    started_at: now(),
    status: 'in-progress',
    completed_at: null,
  };
  cloud.inventory.actions.set(action.id, action);
  return action;
}

export function endAction(action: Action, status: 'completed' | 'errored'): void {
  action.status = status;
  action.completed_at = now();
}

async function die(cloud: Cloud, droplet: Droplet): Promise<void> {
  if (!(await pause(cloud, cloud.delays.death)) || droplet.deleting) return;
  await cloud.machines.powerOff(String(droplet.id), 'off');
  stopped(droplet);
}

function stopped(droplet: Droplet): void {
  droplet.status = 'off';
}

function machineSpec({ inventory }: Cloud, droplet: Droplet) {
  return {
    id: String(droplet.id),
    name: droplet.name,
    userData: droplet.userData,
    image: droplet.image.slug,
    size: droplet.size,
    network: {
      id: droplet.vpc,
      range: inventory.vpcs.get(droplet.vpc)?.ip_range ?? '',
      address: droplet.privateAddress,
    },
    authorizedKeys: droplet.keys.map((key) => key.public_key),
  };
}
