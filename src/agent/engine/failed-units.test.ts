import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { statusKey } from '../../store/keys.ts';
import { SimulatedCluster, type SimulatedMachine } from '../simulated-cluster.ts';

const contents = (more = '') => `[Service]\nExecStart=/bin/sleep inf\n${more}`;

describe('a failed unit', () => {
  let cluster: SimulatedCluster;
  const seconds = (count: number) => cluster.clock.advance(count * 1000);

  beforeEach(async () => {
    cluster = new SimulatedCluster(['core-1', 'core-2', 'core-3']);
    await cluster.start();
  });
  afterEach(() => cluster.stop());

  async function launch(more = '', name = 'a.service') {
    await cluster.apply({ put: [{ name, contents: contents(more), targetState: 'launched' }] });
    await seconds(1);
    cluster.takeCalls();
  }

  async function holder(name = 'a.service'): Promise<SimulatedMachine> {
    const { units } = await cluster.units();
    const id = units.find((unit) => unit.name === name)?.placements[0]?.machineId;
    const found = cluster.machines.find(({ machine }) => machine.id === id);
    if (!found) throw new Error(`${name} is nowhere`);
    return found;
  }

  /** Crashes the unit where it is; answers after how many seconds it was elsewhere, at most `limit`. */
  async function crashAndWait(limit: number): Promise<number> {
    const from = await holder();
    from.systemd.crash('a.service');
    for (let waited = 0; waited < limit; waited += 1) {
      if ((await holder()) !== from) return waited;
      await seconds(1);
    }
    return limit;
  }

  test('moves after a pause, which doubles, and every machine gets its turn', async () => {
    await launch();
    const seen: string[] = [];
    const pauses: number[] = [];
    for (let failure = 0; failure < 6; failure++) {
      seen.push((await holder()).name);
      pauses.push(await crashAndWait(700));
    }
    expect(pauses.map((pause) => Math.round(pause / 10) * 10)).toEqual([30, 60, 120, 240, 480, 600]);
    expect(new Set(seen.slice(0, 3)).size).toBe(3);
    expect((await cluster.units()).units[0]?.placements[0]?.reason).toContain('failed on');
  });

  test('has a clean record after ten good minutes, or with a new file', async () => {
    await launch();
    await crashAndWait(700);
    expect(await crashAndWait(700)).toBeGreaterThan(50);
    await seconds(700);
    expect(await crashAndWait(700)).toBeLessThan(40);
    await launch('Nice=5\n');
    expect(await crashAndWait(700)).toBeLessThan(40);
  });

  test.each([
    ['it must be where it is', `[X-Fleet]\nMachineID=${'2'.repeat(32)}\n`],
    ['it is a job', 'Type=oneshot\nRemainAfterExit=yes\n'],
    ['its file says Restart=no', 'Restart=no\n'],
    ['it is global', '[X-Fleet]\nGlobal=true\n'],
  ])('stays when %s', async (_, more) => {
    await launch(more);
    (await holder()).systemd.crash('a.service');
    await seconds(1200);
    expect(cluster.takeCalls()).toEqual([]);
  });

  test('stays failed when all other machines are cordoned, and moves when one is free', async () => {
    const { setCordon } = await import('../api/cordon.ts');
    await launch();
    const from = await holder();
    const others = cluster.machines.filter((machine) => machine !== from);
    for (const { name } of others) {
      await setCordon(cluster.store, name, { drain: false, reason: 'full' });
    }
    from.systemd.crash('a.service');
    await seconds(300);
    expect(await holder()).toBe(from);
    await setCordon(cluster.store, others[0]?.name ?? '', undefined);
    await seconds(5);
    expect(await holder()).toBe(others[0]);
  });

  test('does not fail once more because its machine was away for a moment', async () => {
    await launch();
    const leader = await cluster.leader();
    let from = await holder();
    if (from === leader) {
      await crashAndWait(100);
      from = await holder();
      await seconds(700);
    }
    from.systemd.crash('a.service');
    await seconds(10);
    from.store.reachable = false;
    await seconds(12);
    from.store.reachable = true;
    await seconds(12);
    expect(await holder()).not.toBe(from);
  });

  test('does not move while its machine, which was away, has not said that it is failed there still', async () => {
    await launch();
    const from = await holder();
    from.systemd.crash('a.service');
    await seconds(10);
    const put = statusKey(from.machine.id, 'a.service');
    const value = (await cluster.store.list(put)).keys[0]?.value ?? '';
    // What a machine says of its units goes with its lease.
    await cluster.store.transact({ compare: [], success: [{ delete: put }] });
    await seconds(60);
    expect(await holder()).toBe(from);
    await cluster.store.transact({ compare: [], success: [{ put, value }] });
    await seconds(1);
    expect(await holder()).not.toBe(from);
  });

  test('a new leader waits once more and no longer', async () => {
    await launch();
    (await holder()).systemd.crash('a.service');
    await seconds(20);
    const leader = await cluster.leader();
    await leader.end();
    leader.boot();
    await seconds(25);
    expect(await holder()).toBeDefined();
    await seconds(30);
    expect(await (await holder()).running()).toEqual(['a.service']);
  });
});
