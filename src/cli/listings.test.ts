import { beforeEach, describe, expect, test } from '@jest/globals';
import { hashOf } from '../unit/hash.ts';
import { FakeCluster, threeMachines } from './fake-cluster.ts';

let cluster: FakeCluster;

beforeEach(() => {
  cluster = new FakeCluster();
  const { agent } = cluster;
  agent.put('web@1.service', 'web');
  agent.put('web@2.service', 'web');
  agent.change('web@2.service', { placements: [], states: [], pending: 'no machine has metadata disk=nvme' });
  agent.state = {
    load: 'loaded',
    active: 'failed',
    sub: 'failed',
    failure: { result: 'exit-code', journal: ['boom'] },
  };
  agent.put('db.service', 'db');
  agent.put('off.service', 'off', 'inactive');
});

/** A golden table: without the indentation that the test file gives it. */
function table(text: string): string {
  return text.replace(/^\n/, '').replace(/^ {6}/gm, '').replace(/ +$/, '');
}

describe('list-machines', () => {
  test('has the columns of fleetctl, the name, and what keeps units away', async () => {
    await cluster.flotilla(['drain', '--no-block', '--reason', 'new disk', 'core-2']);
    expect((await cluster.flotilla('list-machines')).stdout).toBe(
      table(`
      MACHINE      IP         METADATA           NAME      NOTE
      11000000...  10.0.0.1   disk=ssd,tier=web  core-1    -
      12000000...  10.0.0.2   -                  core-2    draining: new disk
      22000000...  10.0.0.11  -                  worker-1  -
      `),
    );
  });

  test('metadata is in the order of its keys', async () => {
    const [first] = cluster.agent.machines;
    if (first) cluster.agent.machines[0] = { ...first, metadata: { 'disk-size': '2', disk: 'ssd' } };
    const { stdout } = await cluster.flotilla('list-machines --no-legend --fields metadata');
    expect(stdout.split('\n')[0]).toBe('disk=ssd,disk-size=2');
  });

  test('--full, --no-legend and --fields', async () => {
    const { stdout } = await cluster.flotilla('list-machines --full --no-legend --fields name,machine');
    expect(stdout).toBe(
      table(`
      core-1    11000000000000000000000000000000
      core-2    12000000000000000000000000000000
      worker-1  22000000000000000000000000000000
      `),
    );
  });

  test('--json', async () => {
    const { stdout } = await cluster.flotilla('list-machines --json');
    expect(JSON.parse(stdout)[0]).toEqual({
      id: '11000000000000000000000000000000',
      name: 'core-1',
      address: '10.0.0.1',
      metadata: { tier: 'web', disk: 'ssd' },
      cpus: 1,
      memory: 1024,
      version: '0.1.0',
      leader: false,
      cordon: null,
    });
  });
});

describe('services', () => {
  const [first, second] = threeMachines();
  const at = (service: string, unit: string, port: number, machine = first) => ({
    ...{ service, unit, port, machineId: machine?.id ?? '' },
    ...{ machine: machine?.name ?? '', address: machine?.address ?? '' },
  });
  beforeEach(() => {
    cluster.agent.services = [
      at('app', 'web@1.service', 5001),
      at('app', 'web@2.service', 5002, second),
      at('db', 'db.service', 5432),
    ];
  });

  test('shows where each is, or one of them', async () => {
    expect((await cluster.flotilla('services')).stdout).toBe(
      table(`
      SERVICE  ADDRESS        UNIT           NAME
      app      10.0.0.1:5001  web@1.service  core-1
      app      10.0.0.2:5002  web@2.service  core-2
      db       10.0.0.1:5432  db.service     core-1
      `),
    );
    cluster.agent.services = cluster.agent.services.map((each) =>
      each.port === 5001 ? { ...each, key: '/app/1' } : each,
    );
    const { stdout } = await cluster.flotilla('services app --no-legend --fields ip,port,machine,key');
    expect(stdout).toBe('10.0.0.1  5001  11000000...  /app/1\n10.0.0.2  5002  12000000...  -\n');
  });

  test('one that nobody offers ends in status 1, with those that there are', async () => {
    expect(await cluster.flotilla('services cache')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'flotilla: no ready unit offers cache; there are now: app, db\n',
    });
    cluster.agent.services = [];
    expect((await cluster.flotilla('services app')).stderr).toContain('there are now: none');
    expect((await cluster.flotilla('services')).stdout).toBe('SERVICE  ADDRESS  UNIT  NAME\n');
  });

  test('--json', async () => {
    expect(JSON.parse((await cluster.flotilla('services db --json')).stdout)).toEqual([
      {
        service: 'db',
        unit: 'db.service',
        machine: { id: '11000000000000000000000000000000', name: 'core-1', address: '10.0.0.1' },
        address: '10.0.0.1',
        port: 5432,
        key: null,
      },
    ]);
  });

  test('takes one name', async () => {
    expect((await cluster.flotilla('services app db')).status).toBe(2);
  });
});

describe('list-units', () => {
  test('shows states, and why a unit is pending or has failed', async () => {
    expect((await cluster.flotilla('list-units')).stdout).toBe(
      table(`
      UNIT           MACHINE               ACTIVE  SUB      NAME    NOTE
      db.service     11000000.../10.0.0.1  failed  failed   core-1  failed: exit-code
      web@1.service  11000000.../10.0.0.1  active  running  core-1  -
      web@2.service  -                     -       -        -       pending: no machine has metadata disk=nvme
      `),
    );
  });

  test('shows a file that was edited by hand', async () => {
    const states = cluster.agent.views.get('web@1.service')?.states ?? [];
    const edited = states.map((state) => ({ ...state, hash: hashOf('edited') }));
    cluster.agent.change('web@1.service', { states: edited });
    const { stdout } = await cluster.flotilla('list-units --fields unit,note');
    expect(stdout).toContain('web@1.service  the file was edited by hand: it is');
  });

  test('shows a unit whose probe does not find it ready', async () => {
    const states = cluster.agent.views.get('web@1.service')?.states ?? [];
    const ready = { ok: false, detail: 'answered 503' };
    cluster.agent.change('web@1.service', { states: states.map((state) => ({ ...state, ready })) });
    const { stdout } = await cluster.flotilla('list-units --fields unit,active,note');
    expect(stdout).toContain('web@1.service  active  not ready: answered 503');
  });

  test('shows a unit that runs on without its file', async () => {
    const states = cluster.agent.views.get('web@1.service')?.states ?? [];
    cluster.agent.change('web@1.service', { states: states.map((state) => ({ ...state, load: 'masked' })) });
    const { stdout } = await cluster.flotilla('list-units --fields unit,active,note');
    expect(stdout).toContain("web@1.service  active  systemd can't use its file: masked");
  });

  test('has a row for each machine of a unit, by name, and one for a machine that is gone', async () => {
    const placement = {
      unit: 'web@1.service',
      hash: hashOf('web'),
      targetState: 'launched',
      reason: 'global',
    } as const;
    const ids = ['22'.padEnd(32, '0'), 'dead'.padEnd(32, '0'), '12'.padEnd(32, '0')];
    const placements = ids.map((machineId) => ({ ...placement, machineId }));
    cluster.agent.change('web@1.service', { placements, states: [] });
    const { stdout } = await cluster.flotilla('list-units --no-legend --fields unit,machine,name,reason');
    expect(stdout.split('\n').slice(1, 4)).toEqual([
      'web@1.service  12000000.../10.0.0.2   core-2    global',
      'web@1.service  dead0000...            -         global',
      'web@1.service  22000000.../10.0.0.11  worker-1  global',
    ]);
  });

  test('--json', async () => {
    const { stdout } = await cluster.flotilla('list-units --json');
    const [db, , pending] = JSON.parse(stdout);
    expect(db).toEqual({
      unit: 'db.service',
      machine: { id: '11000000000000000000000000000000', name: 'core-1', address: '10.0.0.1' },
      load: 'loaded',
      active: 'failed',
      sub: 'failed',
      hash: hashOf('db'),
      reason: 'least loaded',
      note: 'failed: exit-code',
      ready: null,
      failure: { result: 'exit-code', journal: ['boom'] },
    });
    expect(pending).toMatchObject({
      machine: null,
      active: null,
      reason: 'no machine has metadata disk=nvme',
    });
  });

  test('an empty cluster has an empty list', async () => {
    cluster.agent.views.clear();
    expect((await cluster.flotilla('list-units')).stdout).toBe('UNIT  MACHINE  ACTIVE  SUB  NAME  NOTE\n');
    expect((await cluster.flotilla('list-units --json')).stdout).toBe('[]\n');
  });
});

describe('list-unit-files', () => {
  test('shows what units shall be, what they are and where they go', async () => {
    const short = (contents: string) => hashOf(contents).slice(0, 7);
    expect((await cluster.flotilla('list-unit-files')).stdout).toBe(
      table(`
      UNIT           HASH     DSTATE    STATE     TARGET                PENDING
      db.service     ${short('db')}  launched  launched  11000000.../10.0.0.1  -
      off.service    ${short('off')}  inactive  inactive  -                     -
      web@1.service  ${short('web')}  launched  launched  11000000.../10.0.0.1  -
      web@2.service  ${short('web')}  launched  inactive  -                     no machine has metadata disk=nvme
      `),
    );
  });

  test('--json', async () => {
    const { stdout } = await cluster.flotilla('list-unit-files --json');
    expect(JSON.parse(stdout)[1]).toEqual({
      unit: 'off.service',
      hash: hashOf('off'),
      desiredState: 'inactive',
      currentState: 'inactive',
      machines: [],
      pending: null,
    });
  });
});

test("list-unit-files knows fleetctl's older name of target", async () => {
  const of = async (field: string) =>
    (await cluster.flotilla(`list-unit-files --no-legend --fields ${field}`)).stdout;
  expect(await of('unit,tmachine')).toBe(await of('unit,target'));
});

test('list-unit-files fetches the files for the columns that need them, and only for those', async () => {
  const { agent } = cluster;
  agent.views.clear();
  agent.put(
    'g.service',
    '[Unit]\nDescription=Runs everywhere\n[Service]\nExecStart=/bin/g\n[X-Fleet]\nGlobal=true\n',
  );
  const { stdout } = await cluster.flotilla('list-unit-files --no-legend --fields unit,global,desc');
  expect(stdout).toBe('g.service  true  Runs everywhere\n');
  agent.requests.length = 0;
  await cluster.flotilla('list-unit-files');
  expect(agent.requests.filter((request) => request.includes('/units/'))).toEqual([]);
});

test('an unknown field is a usage error that names the known ones', async () => {
  const { status, stderr, stacks } = await cluster.flotilla('list-units --fields unit,colour');
  expect(status).toBe(2);
  expect(stderr).toContain('there is no field colour; list-units has unit, machine, active');
  expect(stacks).toEqual([]);
});
