import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeCluster } from './fake-cluster.ts';

const legend = '11000000.../10.0.0.1';
const failure = { result: 'exit-code', journal: ['cannot bind port 80'] };

let cluster: FakeCluster;
let folder: string;

beforeEach(async () => {
  cluster = new FakeCluster();
  cluster.agent.put('db.service', 'db');
  cluster.agent.put('off.service', 'off', 'inactive');
  cluster.agent.put('web@1.service', 'web');
  cluster.agent.put('web@2.service', 'web');
  cluster.agent.put('web@.service', 'web', 'inactive');
  folder = await mkdtemp(join(tmpdir(), 'flotilla-changes-'));
  await mkdir(join(folder, 'units'));
  await writeFile(join(folder, 'units/new.service'), 'new');
  await writeFile(join(folder, 'units/db.service'), 'db, changed');
  await writeFile(join(folder, 'units/job@.service'), 'job');
  await writeFile(join(folder, 'units/README.md'), 'not a unit');
});

afterEach(() => rm(folder, { recursive: true }));

function flotilla(...words: string[]) {
  return cluster.flotilla(words.map((word) => word.replace('DIR', join(folder, 'units'))));
}

function states(): Record<string, string> {
  return Object.fromEntries([...cluster.agent.views].map(([name, { targetState }]) => [name, targetState]));
}

function applied(): number {
  return cluster.agent.requests.filter((request) => request === 'POST /flotilla/v1/apply').length;
}

describe('start', () => {
  test('brings a file, an instance of a template here, and a unit that is known, in one change', async () => {
    const { status, stdout } = await flotilla('start', 'DIR/new.service', 'DIR/job@{1..2}', 'off');
    expect({ status, stdout: stdout.split('\n') }).toEqual({
      status: 0,
      stdout: [
        `Unit new.service launched on ${legend}`,
        `Unit job@1.service launched on ${legend}`,
        `Unit job@2.service launched on ${legend}`,
        `Unit off.service launched on ${legend}`,
        '',
      ],
    });
    expect(states()).toMatchObject({
      'new.service': 'launched',
      'job@2.service': 'launched',
      'off.service': 'launched',
    });
    expect(cluster.agent.files.get('job@2.service')).toBe('job');
    expect(applied()).toBe(1);
  });

  test('makes an instance of a template that only the cluster has', async () => {
    expect((await flotilla('start', 'web@7')).status).toBe(0);
    expect(cluster.agent.files.get('web@7.service')).toBe('web');
  });

  test('does nothing when one of its words means nothing', async () => {
    const { status, stderr } = await flotilla('start', 'off', 'nowhere', 'web@');
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr:
        'flotilla: nowhere.service is neither in the cluster nor a file here, and it has no template; give the path ' +
        'of its file\nweb@.service is a template, which no machine can run; name an instance: web@1.service\n',
    });
    expect(applied()).toBe(0);
  });

  test('keeps the version of the cluster and says so; --replace brings the new one', async () => {
    const kept = await flotilla('start', 'DIR/db.service');
    expect(kept.status).toBe(0);
    expect(kept.stderr).toContain('flotilla: db.service in the cluster differs from ');
    expect([applied(), cluster.agent.files.get('db.service')]).toEqual([0, 'db']);
    expect((await flotilla('start', '--replace', 'DIR/db.service')).status).toBe(0);
    expect(cluster.agent.files.get('db.service')).toBe('db, changed');
  });

  test('waits until the unit is healthy, and says what for', async () => {
    cluster.agent.state = { load: 'loaded', active: 'activating', sub: 'start' };
    let looks = 0;
    cluster.onSleep = () => {
      looks += 1;
      if (looks < 22) return;
      cluster.agent.state = { load: 'loaded', active: 'active', sub: 'running' };
      cluster.agent.put('off.service', 'off');
    };
    const { status, stderr } = await flotilla('start', 'off');
    expect(status).toBe(0);
    const waiting =
      'flotilla: 0 of 1 units are as wanted; waiting for off.service: activating (start) on core-1';
    expect(stderr.split('\n').filter((line) => line.startsWith(waiting))).toEqual([
      waiting,
      expect.stringMatching(/\(1\d s of 120 s\)$/),
    ]);
  });

  test('a unit that fails ends it with its last journal lines', async () => {
    cluster.agent.state = { load: 'loaded', active: 'failed', sub: 'failed', failure };
    const { status, stderr } = await flotilla('start', 'off');
    expect(status).toBe(1);
    expect(stderr).toContain(
      'flotilla: unit off.service failed on core-1 (exit-code):\n  cannot bind port 80\n',
    );
  });

  test.each([
    [['--timeout', '30'], '30 s'],
    [['--block-attempts=4'], '8 s'],
  ])('%j gives up with 3 and says what is missing', async (options, time) => {
    cluster.onSleep = () =>
      cluster.agent.change('off.service', { placements: [], pending: 'no machine has disk=ssd' });
    const { status, stderr } = await flotilla('start', ...options, 'off');
    expect(status).toBe(3);
    expect(stderr).toContain(
      `units are not healthy after ${time}:\n  off.service: pending, no machine has disk=ssd`,
    );
  });

  test("a rollout gets a step's time from the file, and only what may roll is asked about", async () => {
    await writeFile(join(folder, 'units/web@1.service'), '[X-Flotilla]\nRolloutDeadline=60\n');
    const rollout = { name: 'web@.service', updated: 0, total: 1, reason: 'waiting for web@1.service' };
    let slept = 0;
    cluster.onSleep = (milliseconds) => {
      slept += milliseconds / 1000;
    };
    cluster.agent.rollouts.set(rollout.name, { ...rollout, state: 'running' });
    const stuck = await flotilla('start', '--replace', '--timeout', '10', 'DIR/web@1.service');
    expect(stuck).toMatchObject({ status: 3, stderr: expect.stringContaining(rollout.reason) });
    expect(Math.round(slept)).toBe(70);
    cluster.agent.requests.length = 0;
    expect(await flotilla('start', 'DIR/new.service')).toMatchObject({ status: 0 });
    expect(cluster.agent.requests).not.toContain('GET /flotilla/v1/rollouts');
  });

  test('a version that was rolled back is not taken for the one that was wanted', async () => {
    await writeFile(join(folder, 'units/web@1.service'), 'better');
    const ended = { updated: 0, total: 1, reason: 'web@1.service failed on core-1' } as const;
    cluster.agent.intercept = (request) => {
      const isNew = cluster.agent.files.get('web@1.service') === 'better';
      if (request !== 'GET /flotilla/v1/units' || !isNew) return undefined;
      cluster.agent.put('web@1.service', 'web');
      cluster.agent.rollouts.set('web@.service', { name: 'web@.service', state: 'rolled-back', ...ended });
      return undefined;
    };
    const { status, stderr } = await flotilla('start', '--replace', 'DIR/web@1.service');
    expect(status).toBe(1);
    expect(stderr).toContain('the rollout of web@.service was rolled back: web@1.service failed on core-1');
  });

  test('--no-block only asks', async () => {
    cluster.agent.state = { load: 'loaded', active: 'failed', sub: 'failed', failure };
    expect(await flotilla('start', '--no-block', 'off')).toMatchObject({
      status: 0,
      stdout: 'Triggered unit off.service start\n',
    });
  });

  test('decides anew when the answer to its change was lost', async () => {
    let lost = 0;
    cluster.agent.intercept = (request) => (request.startsWith('POST') && lost++ === 0 ? 'drop' : undefined);
    const { status, stderr } = await flotilla('start', 'DIR/new.service');
    expect(status).toBe(0);
    expect(stderr).toContain(
      'the agent did not answer POST /flotilla/v1/apply: socket hang up; looking what came of it',
    );
    expect(applied()).toBe(2);
  });

  test('does not overwrite what somebody else did at the same time', async () => {
    cluster.agent.intercept = (request) => {
      if (request.startsWith('POST')) cluster.agent.put('new.service', 'theirs');
      return undefined;
    };
    const { status, stderr } = await flotilla('start', 'DIR/new.service');
    expect(status).toBe(1);
    expect(stderr).toContain('answered 409: a unit changed since; run it again');
    expect(cluster.agent.files.get('new.service')).toBe('theirs');
  });

  test('two files of one name are refused, and so are both ways to say how long', async () => {
    expect(await flotilla('start', 'DIR/db.service', 'db')).toMatchObject({ status: 2 });
    expect(await flotilla('start', '--timeout', '5', '--block-attempts', '5', 'db')).toMatchObject({
      status: 2,
    });
  });
});

describe('submit', () => {
  test('keeps units in the cluster, templates too, and leaves those alone that it has', async () => {
    const { status, stdout } = await flotilla('submit', 'DIR/*');
    expect(status).toBe(0);
    expect(stdout).toBe(
      `Unit db.service inactive on ${legend}\nUnit job@.service inactive\nUnit new.service inactive\n`.replace(
        ` inactive on ${legend}`,
        ` launched on ${legend}`,
      ),
    );
    expect(states()).toMatchObject({
      'db.service': 'launched',
      'job@.service': 'inactive',
      'new.service': 'inactive',
    });
  });

  test('--replace does not touch a unit that runs', async () => {
    const { status, stderr } = await flotilla('submit', '--replace', 'DIR/db.service');
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'flotilla: db.service is launched, so submit does not replace it; start --replace does\n',
    });
  });
});

test('load gives units to machines, and waits until one that ran has stopped', async () => {
  const active = { load: 'loaded', active: 'deactivating', sub: 'stop-sigterm' };
  let looks = 0;
  cluster.agent.intercept = (request) => {
    const view = cluster.agent.views.get('db.service');
    if (request === 'GET /flotilla/v1/units' && view?.targetState === 'loaded') {
      looks += 1;
      const busy = looks < 12 ? active : { active: 'inactive', sub: 'dead' };
      cluster.agent.change('db.service', { states: view.states.map((state) => ({ ...state, ...busy })) });
    }
    return undefined;
  };
  const { status, stdout, stderr } = await flotilla('load', 'db');
  expect({ status, stdout }).toEqual({ status: 0, stdout: `Unit db.service loaded on ${legend}\n` });
  expect(stderr).toContain('flotilla: waiting for db.service: deactivating (stop-sigterm) on core-1');
});

describe('stop', () => {
  test('stops what a glob means, passing over templates and what is inactive', async () => {
    const { status, stdout } = await flotilla('stop', 'web@*');
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: `Unit web@1.service loaded on ${legend}\nUnit web@2.service loaded on ${legend}\n`,
    });
    expect(states()).toMatchObject({ 'web@1.service': 'loaded', 'web@.service': 'inactive' });
    expect(applied()).toBe(1);
  });

  test('refuses a unit that is inactive, and stops none then', async () => {
    const { status, stderr } = await flotilla('stop', 'db', 'off');
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'flotilla: off.service is inactive: nothing to stop\n',
    });
    expect(states()['db.service']).toBe('launched');
  });

  test('is done with a unit that waited for a machine', async () => {
    cluster.agent.intercept = (request) => {
      const view = cluster.agent.views.get('db.service');
      if (request.startsWith('GET') && view?.targetState === 'loaded') {
        cluster.agent.change('db.service', {
          placements: [],
          states: [],
          pending: 'no machine has disk=ssd',
        });
      }
      return undefined;
    };
    expect(await flotilla('stop', 'db')).toMatchObject({ status: 0, stdout: 'Unit db.service loaded\n' });
  });

  test('gives up with 3 when systemd does not get it stopped', async () => {
    const stopping = { load: 'loaded', active: 'deactivating', sub: 'stop-sigterm' };
    cluster.onSleep = () => undefined;
    cluster.agent.intercept = () => {
      const view = cluster.agent.views.get('db.service');
      const states = (view?.states ?? []).map((state) => ({ ...state, ...stopping }));
      cluster.agent.change('db.service', { states });
      return undefined;
    };
    const { status, stderr } = await flotilla('stop', '--timeout', '25', 'db');
    expect(status).toBe(3);
    const waiting = 'flotilla: waiting for db.service: deactivating (stop-sigterm) on core-1';
    expect(stderr.split('\n').filter((line) => line.startsWith(waiting))).toEqual([
      waiting,
      `${waiting} (10 s of 25 s)`,
      `${waiting} (20 s of 25 s)`,
    ]);
    expect(stderr).toContain('gave up after 25 s; it would have had to wait for\n  db.service: deactivating');
  });

  test('a glob without a unit, and a name without one', async () => {
    expect(await flotilla('stop', 'x*')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('x* matches no'),
    });
    expect(await flotilla('stop', 'dbb')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('there is no unit dbb.service, did you mean db.service'),
    });
  });
});

test('unload takes units from their machines', async () => {
  expect(await flotilla('unload', 'db', 'off')).toMatchObject({
    status: 0,
    stdout: 'Unit db.service inactive\nUnit off.service inactive\n',
  });
  expect(states()).toMatchObject({ 'db.service': 'inactive' });
});

test('destroy removes units, also by the path of their file', async () => {
  expect(await flotilla('destroy', '--block-attempts=3', 'web@{1,2}', 'DIR/db.service')).toMatchObject({
    status: 0,
    stdout: 'Destroyed web@1.service\nDestroyed web@2.service\nDestroyed db.service\n',
  });
  expect(Object.keys(states())).toEqual(['off.service', 'web@.service']);
});

describe('restart', () => {
  const argv = (unit: string) => `core-1 root: ["timeout","120","systemctl","restart","--","${unit}"]`;

  test('lets systemd do it on the machine, unit after unit', async () => {
    const { status, stdout, programs } = await flotilla('restart', 'web@*');
    expect(status).toBe(0);
    expect(programs).toEqual([argv('web@1.service'), argv('web@2.service')]);
    expect(stdout).toContain(`Unit web@2.service launched on ${legend}\n`);
  });

  test('starts a unit that is loaded', async () => {
    await flotilla('stop', 'db');
    expect(await flotilla('restart', 'db')).toMatchObject({ status: 0, programs: [] });
    expect(states()['db.service']).toBe('launched');
  });

  test('starts it also when the answer to that was lost', async () => {
    await flotilla('stop', 'db');
    let lost = 0;
    cluster.agent.intercept = (request) => (request.startsWith('POST') && lost++ === 0 ? 'drop' : undefined);
    expect(await flotilla('restart', 'db')).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('looking what came of it'),
    });
    expect(states()['db.service']).toBe('launched');
  });

  test.each([
    [1, 1, 'systemctl restart db.service ended with 1 on core-1; `flotilla status db.service`'],
    [
      124,
      3,
      'after 120 s; `flotilla status db.service` and `flotilla journal db.service` tell more, or wait longer',
    ],
  ])('systemctl that ends with %d ends it with %d', async (exitStatus, status, message) => {
    cluster.exitStatus = exitStatus;
    expect(await flotilla('restart', 'db')).toMatchObject({
      status,
      stderr: expect.stringContaining(message),
    });
  });

  test('does not wait with --no-block, and refuses what no machine has', async () => {
    const { programs, stdout } = await flotilla('restart', '--no-block', 'db');
    expect(programs).toEqual(['core-1 root: ["systemctl","restart","--no-block","--","db.service"]']);
    expect(stdout).toContain('Triggered unit db.service restart\n');
    expect(await flotilla('restart', 'off')).toMatchObject({
      status: 1,
      stderr:
        'flotilla: off.service: it is inactive, so no machine has it; `flotilla start off.service` gives it one\n',
    });
  });
});
