import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ClusterEvent, RolloutView } from '../model/api.ts';
import { FakeCluster } from './fake-cluster.ts';

let cluster: FakeCluster;
let folder: string;

beforeEach(async () => {
  cluster = new FakeCluster();
  cluster.agent.put('db.service', '[Service]\nExecStart=/bin/db\n[X-Flotilla]\nWeight=5\n');
  cluster.agent.put('all.service', '[Service]\nExecStart=/bin/all\n[X-Fleet]\nGlobal=true\n');
  folder = await mkdtemp(join(tmpdir(), 'flotilla-operations-'));
});

afterEach(() => rm(folder, { recursive: true }));

/** A golden table: without the indentation that the test file gives it. */
function table(text: string): string {
  return text.replace(/^\n/, '').replace(/^ {6}/gm, '').replace(/ +$/, '');
}

describe('explain', () => {
  const reply = {
    unit: 'db.service',
    targetState: 'launched',
    placements: [],
    pending: 'no machine has metadata disk=ssd',
    machines: [
      { machine: 'core-1', fits: false, reason: 'has metadata disk=hdd' },
      { machine: 'worker-1', fits: true, reason: 'least loaded (1 unit)' },
    ],
  } as const;

  test('says why, and what each machine says', async () => {
    cluster.agent.explanations.set('db.service', reply);
    expect((await cluster.flotilla('explain db')).stdout).toBe(
      table(`
      db.service: pending: no machine has metadata disk=ssd

      MACHINE   FITS  WHY
      core-1    no    has metadata disk=hdd
      worker-1  yes   least loaded (1 unit)
      `),
    );
    expect(JSON.parse((await cluster.flotilla('explain --json db')).stdout)).toEqual(reply);
  });

  test('of a unit that is somewhere, and of one that is not there', async () => {
    const placements = [{ machine: 'core-1', reason: 'it was there before' }] as const;
    cluster.agent.explanations.set('db.service', { ...reply, placements });
    expect((await cluster.flotilla('explain db')).stdout).toContain(
      'db.service: launched on core-1: it was there before\n',
    );
    const broken = [{ ...placements[0], trouble: 'not ready: GET :80/ answered 503' }];
    cluster.agent.explanations.set('db.service', { ...reply, placements: broken });
    expect((await cluster.flotilla('explain db')).stdout).toContain(
      'db.service: not ready: GET :80/ answered 503, on core-1\n',
    );
    const waiting = [{ ...placements[0], waiting: 'waits until /etc/a is written' }];
    cluster.agent.explanations.set('db.service', { ...reply, placements: waiting });
    expect((await cluster.flotilla('explain db')).stdout).toContain(
      'db.service: not started on core-1: waits until /etc/a is written\n',
    );
    const wrong = [{ ...placements[0], template: 't.tmpl:1:3: there is no key /a' }];
    cluster.agent.explanations.set('db.service', { ...reply, placements: wrong });
    expect((await cluster.flotilla('explain db')).stdout).toContain(
      'db.service: template on core-1: t.tmpl:1:3: there is no key /a\n',
    );
    const until = '2026-01-08T09:30:12.000Z';
    const certificate = { until, problem: 'nothing was signed: x' };
    cluster.agent.explanations.set('db.service', {
      ...reply,
      placements: [{ ...placements[0], certificate }],
    });
    expect((await cluster.flotilla('explain db')).stdout).toContain(
      'db.service: certificate on core-1: good until 2026-01-08 09:30Z, not renewed: nothing was signed: x\n',
    );
    expect(await cluster.flotilla('explain dbb')).toMatchObject({ status: 1, stdout: '' });
    cluster.agent.put('web@.service', 'web', 'inactive');
    expect((await cluster.flotilla('explain web@')).stderr).toContain(
      'is a template, which goes to no machine',
    );
  });
});

describe('events', () => {
  const placed: ClusterEvent = {
    ...{ id: '7.1', revision: '7', kind: 'placement' },
    ...{ unit: 'db.service', machine: 'core-1', message: 'least loaded' },
  };
  const led: ClusterEvent = {
    id: '12.1',
    revision: '12',
    kind: 'leader',
    machine: 'core-2',
    message: 'leads the cluster',
  };

  test('prints what happened, from a revision on', async () => {
    cluster.agent.events.push(placed, led);
    const all = await cluster.flotilla('events');
    expect(all.stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['7.1', 'placement', 'db.service', 'core-1', 'least loaded'],
      ['12.1', 'leader', '-', 'core-2', 'leads the cluster'],
      [''],
    ]);
    const some = await cluster.flotilla('events --since 8 --json');
    expect(some.stdout).toBe(`${JSON.stringify(led)}\n`);
    const rest = await cluster.flotilla('events --after 7.1 --json');
    expect(rest.stdout).toBe(some.stdout);
    for (const wrong of ['--since yesterday', '--since 7.1', '--after 7.x', '--since 7 --after 7.1'])
      expect(await cluster.flotilla(`events ${wrong}`)).toMatchObject({ status: 2, stacks: [] });
  });

  test('-f goes on until Ctrl-C, also past an agent that goes away, and shows nothing twice', async () => {
    cluster.agent.events.push(placed);
    cluster.onOutput = (text) => {
      if (text.includes('leads')) return cluster.interrupt();
      cluster.agent.dropFollowers();
      cluster.agent.events.push(led);
    };
    const { status, stdout, stderr } = await cluster.flotilla('events -f --json');
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: `${JSON.stringify(placed)}\n${JSON.stringify(led)}\n`,
    });
    expect(stderr).toContain('did not answer GET /flotilla/v1/events?follow=true: ');
    expect(cluster.agent.requests).toContain('GET /flotilla/v1/events?after=7.1&follow=true');
  });

  test('a revision that the store has no more is an error', async () => {
    const body = { error: { code: 410, message: 'revision 1 is compacted; the oldest is 900' } };
    cluster.agent.intercept = (request) => (request.includes('/events') ? { status: 410, body } : undefined);
    const { status, stderr } = await cluster.flotilla('events -f --since 1');
    expect(status).toBe(1);
    expect(stderr).toContain('answered 410: revision 1 is compacted; the oldest is 900');
  });
});

describe('drain, cordon and uncordon', () => {
  test('cordon marks a machine, uncordon takes the mark away', async () => {
    const cordoned = await cluster.flotilla(['cordon', '12', '--reason', 'disk is failing']);
    expect(cordoned).toMatchObject({ status: 0, stdout: 'Machine core-2 is cordoned\n' });
    expect(cluster.agent.machines[1]?.cordon).toEqual({ drain: false, reason: 'disk is failing' });
    expect((await cluster.flotilla('uncordon core-2')).stdout).toBe('Machine core-2 takes units again\n');
    expect(cluster.agent.machines[1]?.cordon).toBeUndefined();
  });

  test('drain waits until all but global units have left', async () => {
    let looks = 0;
    cluster.onSleep = () => {
      looks += 1;
      if (looks === 12) cluster.agent.change('db.service', { placements: [], states: [] });
    };
    const { status, stdout, stderr } = await cluster.flotilla('drain core-1');
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'Machine core-1 is drained\n' });
    const waiting = 'flotilla: waiting for db.service to leave';
    expect(stderr.split('\n')).toEqual([waiting, `${waiting} (10 s of 120 s)`, '']);
    expect(cluster.agent.machines[0]?.cordon).toEqual({ drain: true, reason: 'by hand' });
  });

  test('a unit that is destroyed meanwhile does not stand in the way of drain', async () => {
    cluster.agent.intercept = (request) => {
      if (request === 'GET /flotilla/v1/units/db.service') cluster.agent.views.delete('db.service');
      return undefined;
    };
    expect(await cluster.flotilla('drain core-1')).toMatchObject({
      status: 0,
      stdout: 'Machine core-1 is drained\n',
      stderr: '',
    });
  });

  test.each(['list-unit-files --fields unit,desc', 'top'])('nor of %s', async (line) => {
    cluster.agent.intercept = (request) => {
      if (request === 'GET /flotilla/v1/units/db.service') cluster.agent.views.delete('db.service');
      return undefined;
    };
    expect(await cluster.flotilla(line)).toMatchObject({ status: 0, stderr: '' });
  });

  test('drain gives up with 3 where a unit has nowhere to go, and the machine keeps draining', async () => {
    const { status, stderr } = await cluster.flotilla('drain --timeout 20 core-1');
    expect(status).toBe(3);
    expect(stderr).toContain(
      'gave up after 20 s; it would have had to wait for\n  db.service to leave\n' +
        'It goes on without this command: `flotilla explain UNIT` says what keeps a unit there, ' +
        'or wait longer with --timeout\n',
    );
    expect(cluster.agent.machines[0]?.cordon?.drain).toBe(true);
  });

  test('drain --no-block, and a machine that is none', async () => {
    expect((await cluster.flotilla('drain --no-block core-1')).stdout).toBe('Machine core-1 is draining\n');
    expect(await cluster.flotilla('drain core-9')).toMatchObject({ status: 1, stdout: '' });
  });

  test('a machine that the cluster does not know any more', async () => {
    cluster.agent.machines.length = 0;
    expect((await cluster.flotilla('cordon core-1')).stderr).toContain(
      'answered 404: there is no machine core-1; `flotilla list-machines` shows the machines there are',
    );
  });
});

describe('rebalance', () => {
  test('prints as many moves as it was allowed', async () => {
    cluster.agent.moves = [
      { unit: 'db.service', machine: 'core-2', reason: 'core-1 carries 6, core-2 carries 0' },
      { unit: 'x.service', machine: 'core-2', reason: 'also' },
    ];
    expect((await cluster.flotilla('rebalance --max-moves 1')).stdout).toBe(
      table(`
      UNIT        TO      WHY
      db.service  core-2  core-1 carries 6, core-2 carries 0
      `),
    );
    expect(JSON.parse((await cluster.flotilla('rebalance --max-moves 2 --json')).stdout).moves).toHaveLength(
      2,
    );
  });

  test('nothing to move is no failure; how much may move has to be said', async () => {
    expect(await cluster.flotilla('rebalance --max-moves 5')).toMatchObject({
      status: 0,
      stdout: 'Nothing to move: the machines are as even as they get.\n',
    });
    expect(await cluster.flotilla('rebalance')).toMatchObject({ status: 2, stacks: [] });
  });

  test('is not asked for twice when its answer was lost', async () => {
    cluster.agent.intercept = (request) => (request.startsWith('POST') ? 'drop' : undefined);
    expect((await cluster.flotilla('rebalance --max-moves 5')).status).toBe(4);
    expect(cluster.agent.requests.filter((request) => request.startsWith('POST'))).toHaveLength(1);
  });
});

describe('rollout', () => {
  const web: RolloutView = {
    name: 'web@.service',
    state: 'running',
    updated: 2,
    total: 5,
    reason: 'web@3 starts',
  };
  const failed: RolloutView = {
    ...{
      name: 'all.service',
      state: 'rolled-back',
      updated: 0,
      total: 3,
      reason: 'all.service failed on core-2',
    },
    failure: { unit: 'all.service', machine: 'core-2', journal: ['cannot bind port 80'] },
  };

  beforeEach(() => {
    cluster.agent.rollouts.set(web.name, web);
    cluster.agent.rollouts.set(failed.name, failed);
  });

  test('status shows how far they are and why one failed', async () => {
    expect((await cluster.flotilla('rollout status')).stdout).toBe(
      table(`
      ROLLOUT       STATE        UPDATED  WHY
      web@.service  running      2/5      web@3 starts
      all.service   rolled-back  0/3      all.service failed on core-2

      all.service failed on core-2:
        cannot bind port 80
      `),
    );
    expect(JSON.parse((await cluster.flotilla('rollout status web@ --json')).stdout)).toEqual([
      { ...web, failure: null },
    ]);
  });

  test.each([
    ['pause', 'paused'],
    ['pause web@3', 'paused'],
    ['undo web@.service', 'rolling-back'],
  ])('%s', async (words, state) => {
    expect((await cluster.flotilla(`rollout ${words}`)).stdout).toBe(
      `Rollout web@.service is ${state} (2/5): web@3 starts\n`,
    );
  });

  test('resume means one that failed as well, and pause one on its way back', async () => {
    cluster.agent.rollouts.set('web@.service', { ...web, state: 'failed' });
    expect(await cluster.flotilla('rollout resume')).toMatchObject({ status: 0 });
    cluster.agent.rollouts.set('web@.service', { ...web, state: 'rolling-back' });
    expect(await cluster.flotilla('rollout pause')).toMatchObject({ status: 0 });
  });

  test('says what is there when nothing fits, and asks when several do', async () => {
    expect((await cluster.flotilla('rollout resume')).stderr).toBe(
      'flotilla: no rollout is paused or failed; `flotilla rollout status` shows all\n',
    );
    expect((await cluster.flotilla('rollout pause db')).stderr).toBe(
      'flotilla: there is no rollout of db.service; known: web@.service, all.service\n',
    );
    cluster.agent.rollouts.set('x@.service', { ...web, name: 'x@.service' });
    expect(await cluster.flotilla('rollout undo')).toMatchObject({
      status: 2,
      stderr: 'flotilla: say which rollout: web@.service, x@.service\n',
    });
    cluster.agent.rollouts.clear();
    expect((await cluster.flotilla('rollout status')).stdout).toBe('There is no rollout.\n');
    expect((await cluster.flotilla('rollout')).status).toBe(2);
  });
});

describe('top', () => {
  const said =
    '1.50 0.40 0.30 1/90 1234\nMemTotal:        2097152 kB\nMemFree:  1 kB\nMemAvailable:    1048576 kB\n';

  test('shows what every machine carries, as far as it answers', async () => {
    cluster.output = (machine) => (machine === 'worker-1' ? 'nonsense' : said);
    await cluster.flotilla('cordon core-2');
    const { stdout, programs } = await cluster.flotilla('top');
    expect(stdout).toBe(
      table(`
      MACHINE   UNITS  ACTIVE  FAILED  WEIGHT  LOAD       MEMORY            NOTE
      core-1    2      2       0       6       1.50 of 1  1024 of 2048 MiB  -
      core-2    0      0       0       0       1.50 of 1  1024 of 2048 MiB  cordoned: by hand
      worker-1  0      0       0       0       -          -                 -
      `),
    );
    expect(programs).toContain('core-1: ["cat","/proc/loadavg","/proc/meminfo"]');
  });

  test('asks no machine for columns that need none', async () => {
    const { stdout, programs } = await cluster.flotilla('top --no-legend --fields machine,weight');
    expect({ stdout, programs }).toEqual({ stdout: 'core-1    6\ncore-2    0\nworker-1  0\n', programs: [] });
  });

  test('--json', async () => {
    cluster.exitStatus = 255;
    expect(JSON.parse((await cluster.flotilla('top --json')).stdout)[0]).toEqual({
      ...{ name: 'core-1', units: 2, active: 2, failed: 0, weight: 6 },
      ...{ cpus: 1, load: null, memory: 1024, memoryUsed: null },
    });
  });
});

describe('fd-forward', () => {
  test('joins input and output to a socket of a machine', async () => {
    cluster.input = 'ping\n';
    cluster.socket = (machine, path, stream) => {
      stream.once('data', (data) => stream.end(`${machine} ${path} got ${data}`));
    };
    expect(await cluster.flotilla('fd-forward --machine core-2 /run/fleet.sock')).toMatchObject({
      status: 0,
      stdout: 'core-2 /run/fleet.sock got ping\n',
    });
  });

  test('and to one of this computer, without a cluster', async () => {
    const path = join(folder, 'echo.sock');
    const server = createServer((stream) => stream.pipe(stream)).listen(path);
    cluster.input = 'echo\n';
    expect(await cluster.flotilla(['fd-forward', path])).toMatchObject({
      status: 0,
      stdout: 'echo\n',
      stacks: [],
    });
    server.close();
    const none = join(folder, 'none');
    expect(await cluster.flotilla(['fd-forward', none])).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /^flotilla: no socket answers at .*none \(.*ENOENT.*\); give the path of a socket/,
      ),
    });
  });
});
