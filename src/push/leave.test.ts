import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ServedAgent, serveAgent } from '../../test/contract/served-agent.ts';
import type { SimulatedCluster, SimulatedMachine } from '../agent/simulated-cluster.ts';
import { agentSocket } from '../model/api.ts';
import { FakeMachine } from '../ssh/fake.ts';
import { cordonKey, encodeAddress, memberKey } from '../store/keys.ts';
import { AgentApi } from './api.ts';
import { emptyMachines, keepMachines } from './leave.ts';
import type { VigilOptions } from './vigil.ts';

/* By real agents, engine and API, on an etcd in memory and a clock that stands still unless somebody sleeps. */

const unit = (name: string, more = '') => ({
  name,
  contents: `[Service]\nExecStart=/bin/sleep inf\n${more}`,
  targetState: 'launched' as const,
});
const webs = [1, 2, 3, 4, 5, 6].map((instance) => unit(`web@${instance}.service`));
const web = webs.map(({ name }) => name);
const onlyOn = ({ machine: { id } }: SimulatedMachine) => `[X-Fleet]\nMachineID=${id}\n`;

let agent: ServedAgent;
let cluster: SimulatedCluster;
let core: SimulatedMachine;
let old: SimulatedMachine;
let other: SimulatedMachine;
let api: AgentApi;
let log: string[];
/** Runs before each second that is waited. */
let meanwhile: () => void | Promise<void>;

/** Two bear one name, as while machines are replaced. */
beforeEach(async () => {
  agent = await serveAgent(['core-1', 'worker-1', 'worker-1']);
  cluster = agent.cluster;
  const [first, second, third] = cluster.machines;
  if (!first || !second || !third) throw new Error('three machines were asked for');
  [core, old, other] = [first, second, third];
  await enrol(core, old, other);
  const ssh = new FakeMachine({ name: 'core-1' });
  ssh.sockets.set(agentSocket, (stream) => {
    const socket = connect(agent.socket);
    stream.pipe(socket).pipe(stream);
    stream.on('close', () => socket.destroy());
  });
  api = new AgentApi([{ name: 'core-1', connect: async () => ssh.connect() }], { log: () => undefined });
  log = [];
  meanwhile = () => undefined;
});

afterEach(() => agent.end());

/** As the stack says it. */
async function enrol(...machines: readonly SimulatedMachine[]): Promise<void> {
  const success = machines.map(({ machine }) => ({
    put: memberKey(machine.id),
    value: encodeAddress(machine),
  }));
  await cluster.store.transact({ compare: [], success });
}

async function launch(...units: ReturnType<typeof unit>[]): Promise<void> {
  await cluster.apply({ put: units });
  await cluster.clock.advance(10_000);
  cluster.takeCalls();
}

function empty(machines: readonly SimulatedMachine[], options: Partial<VigilOptions> = {}): Promise<void> {
  const clock = {
    now: () => cluster.clock.now(),
    sleep: async (milliseconds: number) => {
      await meanwhile();
      await cluster.clock.advance(milliseconds);
    },
  };
  const leaving = machines.map(({ machine }) => machine);
  return emptyMachines(api, leaving, { log: (line) => log.push(line), clock, ...options });
}

const runningOn = (...machines: readonly SimulatedMachine[]) =>
  Promise.all(machines.map((machine) => machine.running())).then((lists) => lists.flat().sort());

const cordonsOf = async ({ machine }: SimulatedMachine) =>
  (await cluster.store.list(cordonKey(machine.id))).keys.map(({ value }) => JSON.parse(value));

describe('machines that leave', () => {
  test('give their units to those that stay, one instance down at a time, none of them twice', async () => {
    await launch(...webs);
    let fewest = web.length;
    meanwhile = async () => {
      fewest = Math.min(fewest, (await runningOn(core, old, other)).length);
    };
    await empty([old, other]);
    expect(await runningOn(core)).toEqual(web);
    expect(await runningOn(old, other)).toEqual([]);
    expect(fewest).toBeGreaterThanOrEqual(web.length - 1);
    const starts = [old, other].flatMap(({ systemd }) => systemd.calls.filter((call) => /^start/.test(call)));
    expect(starts).toEqual([]);
    expect(log.filter((line) => / leaves: | is empty/.test(line))).toEqual([
      'worker-1 leaves: its units move first',
      'worker-1 is empty',
      'worker-1 leaves: its units move first',
      'worker-1 is empty',
    ]);
  });

  test('the second one has its turn when the first one is empty', async () => {
    await launch(...webs);
    const before = await runningOn(other);
    expect(before.length).toBeGreaterThan(0);
    meanwhile = async () => {
      if ((await runningOn(old)).length > 0) expect(await runningOn(other)).toEqual(before);
    };
    await empty([old, other]);
    expect(await runningOn(core)).toEqual(web);
  });

  test('to one that took their name, when they are replaced', async () => {
    await other.kill();
    await cluster.clock.advance(60_000);
    await launch(...webs);
    expect((await runningOn(old)).length).toBeGreaterThan(0);
    other.systemd.reboot();
    other.boot();
    await cluster.clock.advance(15_000);
    await empty([old]);
    expect(await runningOn(old)).toEqual([]);
    expect(await runningOn(core, other)).toEqual(web);
    expect((await runningOn(other)).length).toBeGreaterThan(0);
  });

  test('end what no other machine takes, and say why; global units as well', async () => {
    await launch(unit('db.service', onlyOn(old)), unit('all.service', '[X-Fleet]\nGlobal=true\n'), ...webs);
    await empty([old]);
    expect(await runningOn(old)).toEqual([]);
    expect(await runningOn(core, other)).toEqual(['all.service', 'all.service', ...web]);
    expect(log).toContainEqual(
      expect.stringMatching(/^warning: db\.service ends with its machine, since no other one takes it: /),
    );
    expect((await cluster.units()).units.find(({ name }) => name === 'db.service')?.pending).toBeDefined();
  });

  test('leave nothing behind when they are none of the stack any more', async () => {
    await launch(unit('all.service', '[X-Fleet]\nGlobal=true\n'), ...webs);
    await empty([old]);
    await cluster.store.transact({ compare: [], success: [{ delete: memberKey(old.machine.id) }] });
    await old.kill();
    await cluster.clock.advance(15_000);
    const { keys } = await cluster.store.list('/flotilla/');
    expect(keys.filter(({ key }) => key.includes(old.machine.id))).toEqual([]);
  });

  test('keep a user’s drain', async () => {
    await launch(...webs);
    await api.onMachine(old.machine.id, 'drain', { reason: 'new disk' });
    await cluster.clock.advance(60_000);
    await empty([old, other]);
    expect(await runningOn(core)).toEqual(web);
  });

  test('a step back is none: what is done already is not done again', async () => {
    await launch(...webs);
    await empty([old]);
    cluster.takeCalls();
    await empty([old]);
    expect(cluster.takeCalls()).toEqual([]);
  });
});

describe('a machine that is not there', () => {
  test('is waited for as long as an agent takes to restart', async () => {
    await launch(...webs);
    await old.kill();
    await cluster.clock.advance(60_000);
    const began = cluster.clock.now();
    await empty([old]);
    expect((cluster.clock.now() - began) / 1000).toBeLessThan(20);
    expect(log.at(-1)).toBe('worker-1 has been gone for 15 s: its units move without it');
    expect(await runningOn(core, other)).toEqual(web);
  });

  test('or dies while it is emptied: its units move, and the next machine has its turn', async () => {
    await launch(...webs);
    for (const name of web) core.systemd.refused.add(name);
    let seconds = 0;
    meanwhile = async () => {
      seconds += 1;
      if (seconds === 5) await old.kill();
      if (seconds === 6) core.systemd.refused.clear();
    };
    await empty([old, other]);
    await cluster.clock.advance(60_000);
    expect(await runningOn(core)).toEqual(web);
  });

  test('may be alive: what it runs has other places before it goes', async () => {
    await launch(...webs);
    await old.crash();
    await cluster.clock.advance(12_000);
    expect((await runningOn(old)).length).toBeGreaterThan(0);
    await empty([old]);
    const { units } = await cluster.units();
    const places = units.flatMap(({ placements }) => placements.map(({ machineId }) => machineId));
    expect(places).not.toContain(old.machine.id);
    expect(new Set(await runningOn(core, other))).toEqual(new Set(web));
  });
});

describe('a machine that can’t be emptied', () => {
  test('is given up when what moved crashes in a loop and keeps the others from moving', async () => {
    await launch(...webs);
    const before = await runningOn(core);
    let seconds = 0;
    meanwhile = async () => {
      seconds += 1;
      if (seconds > 300) throw new Error('it still waits');
      const { units } = await cluster.units();
      const moved = units.filter(
        ({ name, placements }) =>
          !before.includes(name) && placements.some(({ machineId }) => machineId === core.machine.id),
      );
      for (const { name } of moved) {
        if (seconds % 6 === 0) core.systemd.crashToRestart(name);
        if (seconds % 6 === 3) core.systemd.restart(name);
      }
    };
    await expect(empty([old, other], { patience: 60 })).rejects.toThrow(
      /^worker-1 can't leave yet: nothing has changed for 60 s/,
    );
  });

  test('is given up when nothing changes any more, with what it waits for', async () => {
    await launch(...webs);
    for (const name of web) core.systemd.refused.add(name);
    const failing = empty([old, other], { patience: 60 });
    await expect(failing).rejects.toThrow(
      /^worker-1 can't leave yet: nothing has changed for 60 s, and it waits for\n {2}web@\d\.service to leave \(.*waits for other instances/,
    );
    expect(await cordonsOf(old)).toEqual([{ drain: true, reason: 'it leaves the stack' }]);
    core.systemd.refused.clear();
    await empty([old, other]);
    expect(await runningOn(core)).toEqual(web);
  });

  test('nor when a unit is not well where it came to', async () => {
    await other.kill();
    await cluster.clock.advance(60_000);
    await launch(unit('a.service'), unit('b.service'));
    const [name = ''] = await runningOn(old);
    core.systemd.refused.add(name);
    await expect(empty([old])).rejects.toThrow(
      new RegExp(`^units of worker-1 have moved and are not well where they are now, .*${name}`, 's'),
    );
    expect(await cordonsOf(old)).not.toMatchObject([{ force: true }]);
  });

  test('a unit that was broken before is in nobody’s way', async () => {
    await launch({ ...unit('a.service'), contents: '[Service]\nExecStart=/bin/false\n' });
    await empty([old, other]);
    expect(await runningOn(old, other)).toEqual([]);
  });

  test('when etcd is out of reach for the agents, until it is back', async () => {
    await launch(...webs);
    let seconds = 0;
    meanwhile = () => {
      seconds += 1;
      if (seconds === 1) cluster.store.reachable = false;
      // Longer than a machine without a lease is waited for: what nobody can see is not gone.
      if (seconds === 63) cluster.store.reachable = true;
    };
    await empty([old]);
    expect(log.filter((line) => line.includes('gone'))).toEqual([]);
    expect(await runningOn(core, other)).toEqual(web);
  });

  test('a run that is cancelled goes on where it was', async () => {
    await launch(...webs);
    const stop = new AbortController();
    let seconds = 0;
    meanwhile = () => {
      seconds += 1;
      if (seconds === 4) stop.abort(new Error('cancelled'));
    };
    await expect(empty([old, other], { signal: stop.signal })).rejects.toThrow('cancelled');
    meanwhile = () => undefined;
    await empty([old, other]);
    expect(await runningOn(core)).toEqual(web);
  });
});

test('a machine that stays after all has units again; one that somebody else has drained does not', async () => {
  await launch(...webs);
  await empty([old]);
  await api.onMachine(other.machine.id, 'drain', { reason: 'new disk' });
  await keepMachines(
    api,
    cluster.machines.map(({ machine }) => machine),
    { log: (line) => log.push(line) },
  );
  expect(log.at(-1)).toBe('worker-1 stays after all, and takes units again');
  expect(await cordonsOf(old)).toEqual([]);
  expect(await cordonsOf(other)).toEqual([{ drain: true, reason: 'new disk' }]);
});
