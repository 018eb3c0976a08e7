import { ApiError } from '../../src/agent/api/api-error.ts';
import { setCordon } from '../../src/agent/api/cordon.ts';
import { requestRebalance } from '../../src/agent/api/rebalance-request.ts';
import type { Action, Kind } from './plan.ts';
import type { World } from './world.ts';

type Deed<K extends Kind> = (world: World, action: Action<K>) => void | Promise<void>;
type Deeds = { readonly [K in Kind]: Deed<K> };

/** How each action is done. What lasts for a time is over after that, or when all faults end. */
const deeds: Deeds = {
  apply: (world, { units }) => ask(world, () => world.apply(units)),
  destroy: (world, { unit }) => ask(world, () => world.apply([], [unit])),
  cordon: (world, { machine, drain }) =>
    ask(world, () => setCordon(world.store, world.host(machine).name, { drain, reason: 'asked for' })),
  uncordon: (world, { machine }) =>
    ask(world, () => setCordon(world.store, world.host(machine).name, undefined)),
  rebalance: (world, { maxMoves }) => ask(world, () => requestRebalance(world.store, maxMoves)),
  metadata(world, { machine, metadata }) {
    const host = world.host(machine);
    host.terminate();
    host.machine = { ...host.machine, metadata };
    host.start();
  },
  'restart agent'(world, { machine, seconds }) {
    const host = world.host(machine);
    host.terminate();
    world.during(`agent of ${host.name} away`, seconds, () => host.start());
  },
  'crash agent'(world, { machine, seconds }) {
    const host = world.host(machine);
    host.kill();
    world.during(`agent of ${host.name} away`, seconds, () => host.start());
  },
  'crash machine'(world, { machine, seconds }) {
    const host = world.host(machine);
    host.powerOff();
    world.during(`${host.name} off`, seconds, () => host.boot());
  },
  'lose machine'(world, { machine }) {
    const host = world.host(machine);
    host.powerOff();
    host.lost = true;
  },
  pause(world, { machine, seconds }) {
    const host = world.host(machine);
    const { process } = host;
    process?.gate.freeze();
    world.during(`${host.name} frozen`, seconds, () => process?.gate.thaw());
  },
  cut(world, { machine, seconds, silent, unplugged }) {
    const host = world.host(machine);
    host.reachable = !unplugged;
    world.cut(`${host.name} cut off`, [host], seconds, silent, () => {
      host.reachable = true;
    });
  },
  slow(world, { machine, seconds, ms }) {
    const { name, link } = world.host(machine);
    link.latency = ms;
    world.during(`${name} slow`, seconds, () => {
      link.latency = 0;
    });
  },
  deafen(world, { machine, seconds }) {
    const { name, link } = world.host(machine);
    link.deaf = true;
    world.during(`${name} deaf`, seconds, () => {
      link.deaf = false;
    });
  },
  'store down': (world, { seconds, silent }) => world.storeDown(seconds, silent),
  compact: ({ cluster }) => cluster.compact(cluster.revision),
  'expire lease': (world, { machine }) => world.expireLease(world.host(machine)),
  jump(world, { seconds }) {
    world.wallAhead += seconds;
  },
  'lose systemd': (world, { machine }) => world.host(machine).systemd.lose(),
  async 'fail unit'(world, { unit }) {
    for (const { systemd } of world.hosts) {
      const found = (await systemd.list()).find(({ name }) => name === unit);
      if (found?.active === 'active') systemd.crash(unit);
    }
  },
};

/** Does what a step says, at once. */
export async function perform(world: World, action: Action): Promise<void> {
  world.note(`STEP ${describe(world, action)}`);
  await act(world, action);
}

function act<K extends Kind>(world: World, action: Action<K>): void | Promise<void> {
  const deed: Deed<K> = deeds[action.kind];
  return deed(world, action);
}

/** What the user asks for may be refused, which is an answer too. */
async function ask(world: World, request: () => Promise<unknown>): Promise<void> {
  if (world.storeIsDown) return world.note('the store is down: refused');
  try {
    await request();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    world.note(`refused: ${error.message}`);
  }
}

function describe(world: World, action: Action): string {
  const { kind, ...details } = action;
  const machine = 'machine' in action ? { machine: world.host(action.machine).name } : {};
  return `${kind} ${JSON.stringify({ ...details, ...machine })}`;
}
