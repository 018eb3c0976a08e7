import * as z from 'zod';
import { type Call, created, demand, found, ok, page, type Routes, read } from './answer.ts';
import { findSize } from './catalog.ts';
import { type Cloud, pause } from './cloud.ts';
import { endAction, startAction } from './droplet-life.ts';
import { askedDroplet, demandHostName } from './droplets.ts';
import type { Action, Droplet } from './inventory.ts';

const Request = z.object({
  type: z.string(),
  size: z.string().optional(),
  disk: z.boolean().default(false),
  name: z.string().optional(),
});
type Wanted = z.output<typeof Request>;

interface Kind {
  /** Refuses at once what can't be done. */
  check(droplet: Droplet, wanted: Wanted): void;
  /** Does it, after a while. */
  perform(cloud: Cloud, droplet: Droplet, wanted: Wanted): Promise<void>;
}

const kinds: Readonly<Record<string, Kind>> = {
  power_off: {
    check: ({ status }) => demand(status !== 'off', 'Droplet is already powered off.'),
    perform: (cloud, droplet) => turnOff(cloud, droplet, 'off'),
  },
  shutdown: {
    check: () => undefined,
    perform: async (cloud, droplet) => {
      if (droplet.status !== 'off') await turnOff(cloud, droplet, 'shutdown');
    },
  },
  power_on: {
    check: ({ status }) => demand(status === 'off', 'Droplet is already powered on.'),
    async perform({ machines }, droplet) {
      await machines.powerOn(String(droplet.id), { ...droplet.size, disk: droplet.disk });
      droplet.status = 'active';
    },
  },
  resize: {
    check(droplet, { size: slug = '' }) {
      const size = findSize(slug);
      demand(size !== undefined, 'You specified an invalid size for Droplet resize.');
      demand(droplet.status === 'off', 'Droplet must be powered off to be resized.');
      demand(size.slug !== droplet.size.slug, 'Droplet has this size already.');
      demand(size.disk >= droplet.disk, 'This size is not available because it has a smaller disk.');
      demand(size.regions.includes(droplet.region.slug), 'Size is not available in this region.');
    },
    async perform(_, droplet, { size = '', disk }) {
      droplet.size = found(findSize(size));
      if (disk) droplet.disk = droplet.size.disk;
    },
  },
  enable_ipv6: {
    check: () => undefined,
    async perform(_, droplet) {
      droplet.features = [...new Set([...droplet.features, 'ipv6'])];
    },
  },
  rename: {
    check: (_, { name = '' }) => demandHostName(name),
    async perform(_, droplet, { name = '' }) {
      droplet.name = name;
    },
  },
};

export function actionRoutes(cloud: Cloud): Routes {
  const { actions } = cloud.inventory;
  const asked = ({ params }: Call) => found(actions.get(Number(params.action)));
  const ofDroplet = (call: Call) => {
    const { id } = askedDroplet(cloud, call);
    return [...actions.values()].filter((action) => action.resource_id === id);
  };
  return {
    'POST /v2/droplets/:droplet/actions': (call) => {
      const action = start(cloud, askedDroplet(cloud, call), read(Request, call.body));
      return created({ action: view(action) });
    },
    'GET /v2/droplets/:droplet/actions': (call) => page(call, 'actions', ofDroplet(call).map(view)),
    'GET /v2/droplets/:droplet/actions/:action': (call) => {
      const id = Number(call.params.action);
      return ok({ action: view(found(ofDroplet(call).find((action) => action.id === id))) });
    },
    'GET /v2/actions': (call) => page(call, 'actions', [...actions.values()].map(view)),
    'GET /v2/actions/:action': (call) => ok({ action: view(asked(call)) }),
  };
}

/** One at a time: a droplet is locked while one is under way. */
function start(cloud: Cloud, droplet: Droplet, wanted: Wanted): Action {
  const kind = Object.hasOwn(kinds, wanted.type) ? kinds[wanted.type] : undefined;
  demand(kind !== undefined, `${wanted.type} is not a type of action`);
  const busy = droplet.locked || droplet.deleting || droplet.status === 'new';
  demand(!busy, 'Droplet already has a pending event.');
  kind.check(droplet, wanted);
  const action = startAction(cloud, droplet, wanted.type);
  droplet.locked = true;
  cloud.background(async () => {
    try {
      if (!(await pause(cloud, cloud.delays.action))) return;
      await kind.perform(cloud, droplet, wanted);
      endAction(action, 'completed');
    } catch (error) {
      endAction(action, 'errored');
      throw error;
    } finally {
      droplet.locked = false;
    }
  });
  return action;
}

async function turnOff({ machines }: Cloud, droplet: Droplet, how: 'off' | 'shutdown'): Promise<void> {
  await machines.powerOff(String(droplet.id), how);
  droplet.status = 'off';
}

function view(action: Action) {
  return { ...action, resource_type: 'droplet', region_slug: action.region.slug };
}
