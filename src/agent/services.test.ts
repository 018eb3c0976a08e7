import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Registration } from '../model/registration.ts';
import { readCluster } from '../store/cluster-state.ts';
import { prefixes, rootPrefix } from '../store/keys.ts';
import { Forbidden, Unreachable } from '../store/store.ts';
import { setCordon } from './api/cordon.ts';
import { SimulatedCluster, type SimulatedMachine } from './simulated-cluster.ts';

const unit = (name: string, more = '') => ({
  name,
  contents: `[Service]\nExecStart=/bin/sleep inf\n${more}`,
  targetState: 'launched' as const,
});
const app = 'Service=app\nPort=500%i\n';
const probe = 'Ready=http :500%i/health\n';
const offering = (name: string, more = '') => unit(name, `[X-Flotilla]\n${app}${more}`);
const everywhere = unit('front.service', '[X-Flotilla]\nService=front\nPort=80\n[X-Fleet]\nGlobal=true\n');

let cluster: SimulatedCluster;
const seconds = (count: number) => cluster.clock.advance(count * 1000);
beforeEach(async () => {
  cluster = new SimulatedCluster(['core-1', 'core-2', 'core-3']);
  await cluster.start();
});
afterEach(() => cluster.stop());

/** What the store has, as `app app@1.service 10.0.0.1:5001`. */
async function registered(): Promise<string[]> {
  const { registrations } = await readCluster(cluster.store);
  return registrations.map(say).sort();
}

const say = ({ service, unit, address, port }: Registration) => `${service} ${unit} ${address}:${port}`;

async function withUnits(...put: ReturnType<typeof unit>[]): Promise<void> {
  await cluster.apply({ put });
  await seconds(5);
}

async function hostOf(name: string): Promise<SimulatedMachine> {
  for (const machine of cluster.machines) if ((await machine.running()).includes(name)) return machine;
  throw new Error(`${name} runs nowhere`);
}

/** Writes and deletions of services from now on, as `put …/app/app@1.service`. */
function changes(): readonly string[] {
  const seen: string[] = [];
  void (async () => {
    const { revision } = await cluster.store.list(prefixes.service);
    const forever = new AbortController().signal;
    for await (const { type, key } of cluster.store.watch(prefixes.service, revision + 1n, forever)) {
      seen.push(`${type} ${key.slice(prefixes.service.length).replace(/^\w+/, '…')}`);
    }
  })();
  return seen;
}

describe('a service', () => {
  test('is found while its unit is ready, and not before', async () => {
    for (const { unready } of cluster.machines) unready.add('app@1.service');
    await withUnits(offering('app@1.service', probe), offering('app@2.service', probe));
    const { address } = (await hostOf('app@2.service')).machine;
    expect(await registered()).toEqual([`app app@2.service ${address}:5002`]);
    const host = await hostOf('app@1.service');
    host.unready.clear();
    await seconds(2);
    expect(await registered()).toEqual([
      `app app@1.service ${host.machine.address}:5001`,
      `app app@2.service ${address}:5002`,
    ]);
    host.unready.add('app@1.service');
    await seconds(11);
    expect(await registered()).toEqual([`app app@2.service ${address}:5002`]);
  });

  test('comes with its unit’s state, in one revision, so that nobody sees one without the other', async () => {
    await withUnits(offering('app@1.service'));
    const { keys } = await cluster.store.list(rootPrefix);
    const written = keys.flatMap(({ key, modRevision }) =>
      key.endsWith('/app@1.service') ? [[key, modRevision]] : [],
    );
    const byKind = new Map(written.map(([key, revision]) => [String(key).split('/')[2], revision]));
    expect(byKind.get('services')).toBe(byKind.get('states'));
  });

  test('goes before its unit is stopped', async () => {
    await withUnits(offering('app@1.service'));
    const host = await hostOf('app@1.service');
    const atStop: string[][] = [];
    const stop = host.systemd.stop.bind(host.systemd);
    host.systemd.stop = async (names) => {
      atStop.push(await registered());
      await stop(names);
    };
    await cluster.apply({ put: [], destroy: ['app@1.service'] });
    await seconds(1);
    expect([await registered(), atStop, await host.running()]).toEqual([[], [], ['app@1.service']]);
    await seconds(5);
    expect([await registered(), atStop, await host.running()]).toEqual([[], [[]], []]);
  });

  test('goes DeregistrationDelay= before its unit is stopped, and a unit without one at once', async () => {
    await withUnits(offering('app@1.service', 'DeregistrationDelay=20s\n'), unit('plain.service'));
    const [host, other] = [await hostOf('app@1.service'), await hostOf('plain.service')];
    await cluster.apply({ put: [], destroy: ['app@1.service', 'plain.service'] });
    await seconds(1);
    expect((await other.running()).includes('plain.service')).toBe(false);
    await seconds(18);
    expect(await host.running()).toEqual(['app@1.service']);
    await seconds(2);
    expect(await host.running()).toEqual([]);
  });

  test('of a unit that is wanted again before it was stopped comes back, and the unit runs on', async () => {
    await withUnits(offering('app@1.service', 'DeregistrationDelay=20s\n'));
    const host = await hostOf('app@1.service');
    await cluster.apply({
      put: [{ ...offering('app@1.service', 'DeregistrationDelay=20s\n'), targetState: 'loaded' }],
    });
    await seconds(5);
    expect([await registered(), await host.running()]).toEqual([[], ['app@1.service']]);
    await withUnits(offering('app@1.service', 'DeregistrationDelay=20s\n'));
    await seconds(30);
    expect([(await registered()).length, await host.running()]).toEqual([1, ['app@1.service']]);
  });

  test('whose unit another one excludes: that one waits until it is down', async () => {
    await withUnits(offering('app@1.service', 'DeregistrationDelay=20s\n'));
    const host = await hostOf('app@1.service');
    await cluster.apply({
      put: [unit('rival.service', '[X-Fleet]\nGlobal=true\nConflicts=app@*.service\n')],
      destroy: ['app@1.service'],
    });
    await seconds(10);
    expect(await host.running()).toEqual(['app@1.service']);
    await seconds(15);
    expect(await host.running()).toEqual(['rival.service']);
  });

  test('ends with its unit’s process, and comes back with it', async () => {
    await withUnits(offering('app@1.service'));
    const host = await hostOf('app@1.service');
    host.systemd.crashToRestart('app@1.service');
    await seconds(1);
    expect(await registered()).toEqual([]);
    host.systemd.restart('app@1.service');
    await seconds(1);
    expect(await registered()).toHaveLength(1);
  });

  test('whose announcement got no answer, but was written, is taken back all the same', async () => {
    const { store, systemd } = cluster.get('core-1');
    const transact = store.transact.bind(store);
    let lost = false;
    store.transact = async (transaction) => {
      const result = await transact(transaction);
      const told = transaction.success.some((one) => 'put' in one && one.put.startsWith(prefixes.service));
      if (lost || !told) return result;
      lost = true;
      systemd.crashToRestart('app@1.service');
      throw new Unreachable('no answer');
    };
    await withUnits(offering('app@1.service', '[X-Fleet]\nMachineID=11111111\n'));
    expect([lost, await registered()]).toEqual([true, []]);
  });

  test('of a unit that is only loaded is found while another unit runs it', async () => {
    const beside = '[X-Fleet]\nMachineOf=main.service\n[Install]\nWantedBy=main.service\n';
    const put = [unit('main.service'), offering('app@1.service', beside)];
    await cluster.apply({ put: put.map((one) => ({ ...one, targetState: 'loaded' as const })) });
    await seconds(5);
    expect(await registered()).toEqual([]);
    await withUnits(unit('main.service'));
    expect(await registered()).toHaveLength(1);
  });

  test('of which a unit has several, each with its port', async () => {
    await withUnits(offering('app@1.service', 'Service=app-admin\nPort=9000\n'));
    const { address } = (await hostOf('app@1.service')).machine;
    expect(await registered()).toEqual([
      `app app@1.service ${address}:5001`,
      `app-admin app@1.service ${address}:9000`,
    ]);
    await withUnits(unit('app@1.service', '[X-Flotilla]\nService=app\nPort=6000\n'));
    await seconds(5);
    expect(await registered()).toEqual([`app app@1.service ${address}:6000`]);
  });

  test('costs no write while nothing changes', async () => {
    await withUnits(offering('app@1.service', probe), offering('app@2.service'), everywhere);
    const before = await cluster.store.list(rootPrefix);
    await seconds(1200);
    expect(await cluster.store.list(rootPrefix)).toEqual(before);
  });
});

describe('while an agent is away', () => {
  test('a restart takes back nothing of what runs on, also before the first look of a probe', async () => {
    await withUnits(offering('app@1.service', probe), offering('app@2.service'));
    const before = await registered();
    const seen = changes();
    for (const machine of cluster.machines) {
      await machine.end();
      machine.probesTake = 500;
      machine.boot();
    }
    await seconds(60);
    expect(await registered()).toEqual(before);
    expect(seen.filter((line) => line.startsWith('delete'))).toEqual([]);
  });

  test('a unit that died meanwhile is not found any more', async () => {
    await withUnits(offering('app@1.service', probe));
    const host = await hostOf('app@1.service');
    await host.crash();
    host.unready.add('app@1.service');
    host.boot();
    await seconds(3);
    expect(await registered()).toEqual([]);
  });

  test('a machine that is dead offers nothing once its lease has ended', async () => {
    await withUnits(everywhere);
    const [victim] = cluster.machines;
    await victim?.kill();
    await seconds(10);
    expect(await registered()).toEqual([
      'front front.service 10.0.0.2:80',
      'front front.service 10.0.0.3:80',
    ]);
  });

  test.each([20, 600])('all is told again when etcd is back after %s s', async (away) => {
    await withUnits(offering('app@1.service', probe), everywhere);
    const before = await registered();
    for (const { store } of cluster.machines) store.reachable = false;
    await seconds(away);
    for (const { store } of cluster.machines) store.reachable = true;
    await seconds(20);
    expect(await registered()).toEqual(before);
  });
});

describe('a machine that drains', () => {
  test('gives its services up with its units, those of global ones at once, and has them back after', async () => {
    await withUnits(offering('app@1.service'), everywhere);
    const host = await hostOf('app@1.service');
    const others = () =>
      registered().then((lines) => lines.filter((line) => !line.includes(host.machine.address)));
    await setCordon(cluster.store, host.name, { drain: true, reason: 'new disk' });
    await seconds(8);
    expect(await registered()).toEqual(await others());
    expect((await registered()).map((line) => line.split(' ')[0])).toEqual(['app', 'front', 'front']);
    expect(await host.running()).toEqual(['front.service']);
    await setCordon(cluster.store, host.name, undefined);
    await seconds(5);
    expect(await registered()).toContain(`front front.service ${host.machine.address}:80`);
  });

  test('keeps offering what no other machine takes', async () => {
    await withUnits(offering('app@1.service', '[X-Fleet]\nMachineID=11111111\n'));
    await setCordon(cluster.store, 'core-1', { drain: true, reason: 'new disk' });
    await seconds(60);
    expect(await registered()).toEqual(['app app@1.service 10.0.0.1:5001']);
  });
});

describe('a key that a unit chooses', () => {
  const chosen = (name: string) => offering(name, 'ServiceKey=/app/server/%i\n');
  const held = async () => {
    const { keys } = await cluster.store.list('/app/');
    return keys.map(({ key, value }) => `${key} ${value}`);
  };

  test('is there while the service is, and goes before the unit stops', async () => {
    await withUnits(chosen('app@1.service'), chosen('app@2.service'));
    const [first, second] = [await hostOf('app@1.service'), await hostOf('app@2.service')];
    expect(await held()).toEqual([
      `/app/server/1 ${first.machine.address}:5001`,
      `/app/server/2 ${second.machine.address}:5002`,
    ]);
    const atStop: string[][] = [];
    const stop = first.systemd.stop.bind(first.systemd);
    first.systemd.stop = async (names) => {
      atStop.push(await held());
      await stop(names);
    };
    await cluster.apply({ put: [], destroy: ['app@1.service'] });
    await seconds(6);
    expect(atStop).toEqual([[`/app/server/2 ${second.machine.address}:5002`]]);
    await second.kill();
    await seconds(10);
    expect(await held()).toEqual([]);
  });

  test('stays when its unit moves and the new machine was faster', async () => {
    await withUnits(chosen('app@1.service'));
    const host = await hostOf('app@1.service');
    host.systemd.slow.set('app@1.service', 5000);
    await setCordon(cluster.store, host.name, { drain: true, reason: 'new disk' });
    await seconds(30);
    const { address } = (await hostOf('app@1.service')).machine;
    expect(address).not.toBe(host.machine.address);
    expect(await held()).toEqual([`/app/server/1 ${address}:5001`]);
  });

  test.each([20, 600])('is written again when etcd is back after %s s', async (away) => {
    await withUnits(chosen('app@1.service'));
    const before = await held();
    for (const { store } of cluster.machines) store.reachable = false;
    await seconds(away);
    for (const { store } of cluster.machines) store.reachable = true;
    await seconds(40);
    expect(await held()).toEqual(before);
  });

  test('costs no write while nothing changes', async () => {
    await withUnits(chosen('app@1.service'));
    const { revision } = await cluster.store.list('/');
    await seconds(1200);
    expect((await cluster.store.list('/')).revision).toBe(revision);
  });

  test('that somebody deletes comes back, and one that somebody else writes is left alone', async () => {
    await withUnits(chosen('app@1.service'));
    const before = await held();
    await cluster.store.transact({ compare: [], success: [{ delete: '/app/server/1' }] });
    await seconds(60);
    expect(await held()).toEqual(before);
    await cluster.store.transact({ compare: [], success: [{ put: '/app/server/1', value: 'mine' }] });
    await seconds(300);
    expect(await held()).toEqual(['/app/server/1 mine']);
    await cluster.apply({ put: [], destroy: ['app@1.service'] });
    await seconds(5);
    expect(await held()).toEqual(['/app/server/1 mine']);
  });

  test('that etcd refuses is said once, keeps nothing else from being told, and comes when it may', async () => {
    let allowed = false;
    for (const { store } of cluster.machines) {
      const transact = store.transact.bind(store);
      store.transact = async (transaction) => {
        const outside = transaction.success.some((one) => 'put' in one && one.put.startsWith('/app/'));
        if (outside && !allowed) throw new Forbidden('permission denied');
        return transact(transaction);
      };
    }
    await withUnits(chosen('app@1.service'));
    await seconds(300);
    const host = await hostOf('app@1.service');
    expect(await registered()).toEqual([`app app@1.service ${host.machine.address}:5001`]);
    expect(await held()).toEqual([]);
    const said = host.log.filter((line) => line.includes('/app/server/1'));
    expect(said).toEqual([
      'etcd does not let this machine write /app/server/1 (ServiceKey=); ' +
        'name a prefix of it in flotilla:serviceKeys and run `npm run up`',
    ]);
    allowed = true;
    await seconds(120);
    expect(await held()).toHaveLength(1);
  });
});
