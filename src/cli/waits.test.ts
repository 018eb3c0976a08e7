import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { FakeCluster } from './fake-cluster.ts';

let cluster: FakeCluster;

/** Programs on core-2 never end; once they run there, `seconds` pass. */
function hangFor(seconds: number, then: () => void = () => undefined): void {
  cluster.endless = (machine) => machine === 'core-2';
  cluster.output = (machine) => {
    if (machine === 'core-2')
      setImmediate(() => {
        jest.advanceTimersByTime(seconds * 1000);
        then();
      });
    return '';
  };
}

beforeEach(() => {
  cluster = new FakeCluster();
  cluster.agent.put('web@1.service', 'web');
  cluster.agent.put('web@2.service', 'web');
  const machineId = cluster.agent.machines[1]?.id ?? '';
  const placements = cluster.agent.views.get('web@2.service')?.placements ?? [];
  cluster.agent.change('web@2.service', {
    placements: placements.map((each) => ({ ...each, machineId })),
    states: [],
  });
  jest.useFakeTimers({ doNotFake: ['Date', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate'] });
});

afterEach(() => {
  jest.useRealTimers();
});

test('logs names the machine it waits for, and prints what the others said when that one has had its time', async () => {
  hangFor(60);
  const { output } = cluster;
  const entry = { __REALTIME_TIMESTAMP: '1', _SYSTEMD_UNIT: 'web@1.service', MESSAGE: 'hello' };
  cluster.output = (machine, argv) =>
    machine === 'core-1' ? `${JSON.stringify(entry)}\n` : output(machine, argv);
  const { status, stdout, stderr } = await cluster.flotilla('logs web@*');
  expect(status).toBe(1);
  expect(stdout).toContain('web@1.service  hello');
  expect(stderr).toContain('flotilla: waiting for the journals of core-2\n');
  expect(stderr).toContain('flotilla: core-2: no answer within 60 s; some of its lines are missing\n');
});

test('top does not wait for one machine for ever', async () => {
  hangFor(20);
  const { status, stdout } = await cluster.flotilla('top --no-legend --fields machine,load');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^core-2 +-$/m);
});

test.each([
  ['status web@2', 'show web@2.service'],
  ['journal web@2', 'print the journal of web@2.service'],
  ['restart web@2', 'restart web@2.service'],
])('%s says what it waits for while the machine is silent', async (line, purpose) => {
  hangFor(10, () => cluster.lose('core-2'));
  const { status, stderr } = await cluster.flotilla(line);
  expect(status).toBe(4);
  expect(stderr).toBe(
    `flotilla: waiting for core-2 to ${purpose}\nflotilla: Lost the connection to core-2. ` +
      'Run it again once `flotilla list-machines` shows the machine\n',
  );
});

test('silence is no news while a journal is followed, nor after the first line', async () => {
  hangFor(10, () => cluster.interrupt());
  expect(await cluster.flotilla('journal -f web@2')).toMatchObject({ status: 0, stderr: '' });
  const { output } = cluster;
  cluster.output = (machine, argv) => `${output(machine, argv)}a line\n`;
  expect(await cluster.flotilla('journal web@2')).toMatchObject({ stdout: 'a line\n', stderr: '' });
});
