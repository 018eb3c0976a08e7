import { beforeEach, describe, expect, test } from '@jest/globals';
import { FakeCluster } from './fake-cluster.ts';

let cluster: FakeCluster;

beforeEach(() => {
  cluster = new FakeCluster();
  cluster.endless = () => true;
  cluster.agent.put('web@1.service', 'web');
  cluster.output = () => '';
});

let revision = 100;

/** The engine places a unit, as far as anybody can see. */
function place(unit: string, machine: string): void {
  if (!cluster.agent.views.has(unit)) cluster.agent.put(unit, 'web');
  const id = cluster.machines.find(({ name }) => name === machine)?.id ?? '';
  const placements = (cluster.agent.views.get(unit)?.placements ?? []).map((each) => ({
    ...each,
    machineId: id,
  }));
  cluster.agent.change(unit, { placements, states: [] });
  const at = String(++revision);
  const about = { unit, machine, message: 'placed: least loaded (0 units)' };
  cluster.agent.happen({ id: `${at}.1`, revision: at, kind: 'placement', ...about });
}

function entry(cursor: string, time: number, MESSAGE: string): string {
  const line = {
    __CURSOR: cursor,
    __REALTIME_TIMESTAMP: String(time),
    _SYSTEMD_UNIT: 'web@1.service',
    MESSAGE,
  };
  return `${JSON.stringify(line)}\n`;
}

/** Does one thing after the other, each when its text was said on standard error. */
function whenSaid(...steps: readonly [text: string, action: () => void][]): void {
  const left = [...steps];
  cluster.onError = (text) => {
    while (left[0] !== undefined && text.includes(left[0][0])) left.shift()?.[1]();
  };
}

/** Once the events are followed. */
async function following(): Promise<void> {
  while (!cluster.agent.requests.some((request) => request.includes('follow=true'))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('logs -f', () => {
  test('goes with a unit to another machine, and says so', async () => {
    whenSaid(['moved to', () => cluster.interrupt()]);
    const running = cluster.flotilla('logs -f web@1');
    await following();
    place('db.service', 'core-2');
    place('web@1.service', 'core-2');
    const { status, stderr, programs } = await running;
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: 'flotilla: web@1.service moved to core-2\n',
    });
    expect(programs).toHaveLength(2);
    expect(programs[0]).toMatch(/^core-1 root: .*"--lines","10",.*"--follow"/);
    expect(programs[1]).toMatch(/^core-2 root: .*"--since=-15s","--no-tail",.*"--unit","web@1\.service"/);
  });

  test('takes in what a glob means later; a machine is read once, and nothing is printed twice', async () => {
    let readings = 0;
    cluster.output = () => {
      readings += 1;
      const first = entry('a', 1_000_000, 'one') + entry('b', 2_000_000, 'two');
      return readings === 1 ? first : entry('b', 2_000_000, 'two') + entry('c', 3_000_000, 'three');
    };
    cluster.onOutput = (text) => {
      if (text.includes('three')) cluster.interrupt();
    };
    const running = cluster.flotilla('logs -f web@*');
    await following();
    place('web@2.service', 'core-1');
    const { status, stdout, stderr, programs } = await running;
    expect({ status, stderr }).toEqual({ status: 0, stderr: 'flotilla: web@2.service came to core-1\n' });
    expect(stdout.match(/one|two|three/g)).toEqual(['one', 'two', 'three']);
    expect(programs[1]).toMatch(/^core-1 .*"--unit","web@1\.service","--unit","web@2\.service"/);
  });

  test('comes back to a machine that was lost, from its last line on', async () => {
    cluster.output = () => entry('a', 1_700_000_000_900_000, 'last words');
    whenSaid(['is followed again', () => cluster.interrupt()]);
    const running = cluster.flotilla('logs -f web@1');
    await following();
    cluster.lose('core-1');
    const { status, stderr, stdout, programs } = await running;
    expect(status).toBe(0);
    expect(stderr.split('\n').slice(0, 2)).toEqual([
      'flotilla: core-1: Lost the connection to core-1.',
      'flotilla: web@1.service is followed again on core-1',
    ]);
    expect(programs[1]).toContain('"--since=@1700000000","--no-tail"');
    expect(stdout.match(/last words/g)).toHaveLength(1);
  });

  test('ends when journalctl does everywhere, with its status', async () => {
    cluster.endless = () => false;
    cluster.exitStatus = 4;
    expect(await cluster.flotilla('logs -f web@1')).toMatchObject({ status: 4, stderr: '' });
  });
});
