import { beforeEach, describe, expect, test } from '@jest/globals';
import { FakeCluster } from './fake-cluster.ts';
import { parseEntry, timeText } from './journal-entry.ts';
import { lineSink } from './line-sink.ts';

let cluster: FakeCluster;

beforeEach(() => {
  cluster = new FakeCluster();
  cluster.agent.put('web@1.service', 'web');
  cluster.agent.put('web@2.service', 'web');
  cluster.agent.put('off.service', 'off', 'inactive');
  const [, second] = cluster.agent.machines;
  const view = cluster.agent.views.get('web@2.service');
  const placements = (view?.placements ?? []).map((each) => ({ ...each, machineId: second?.id ?? '' }));
  cluster.agent.change('web@2.service', { placements, states: [] });
});

function entry(time: number, unit: string, MESSAGE: unknown): string {
  return `${JSON.stringify({ __REALTIME_TIMESTAMP: String(time), _SYSTEMD_UNIT: unit, MESSAGE })}\n`;
}

/** Without the time, which depends on where the test runs. */
function lines(stdout: string): string[] {
  return stdout.split('\n').map((line) => line.slice('2026-11-20 19:02:11  '.length));
}

describe('logs', () => {
  test('asks each machine once, and sorts what they say by time', async () => {
    cluster.output = (machine) =>
      machine === 'core-1'
        ? entry(1_000_000, 'web@1.service', 'first') + entry(3_000_000, 'web@1.service', 'third\nline')
        : entry(2_000_000, 'web@2.service', 'second \u001b[31mred');
    const { status, stdout, programs } = await cluster.flotilla('logs web@*');
    expect(status).toBe(0);
    expect(lines(stdout)).toEqual([
      'core-1    web@1.service  first',
      'core-2    web@2.service  second red',
      'core-1    web@1.service  third',
      'core-1    web@1.service  line',
      '',
    ]);
    const options = ['--lines', '10', '--output', 'json', '--output-fields', 'MESSAGE,UNIT,_SYSTEMD_UNIT'];
    expect(programs).toEqual([
      `core-1 root: ${JSON.stringify(['journalctl', '--no-pager', '--quiet', ...options, '--unit', 'web@1.service'])}`,
      `core-2 root: ${JSON.stringify(['journalctl', '--no-pager', '--quiet', ...options, '--unit', 'web@2.service'])}`,
    ]);
  });

  test('-f prints as it comes; Ctrl-C is its regular end', async () => {
    cluster.exitStatus = 130;
    cluster.output = () =>
      entry(2_000_000, 'web@1.service', 'later') + entry(1_000_000, 'web@1.service', 'earlier');
    const { status, stdout, programs } = await cluster.flotilla('logs -f --lines 3 web@1');
    expect(status).toBe(0);
    expect(lines(stdout)).toEqual(['core-1    web@1.service  later', 'core-1    web@1.service  earlier', '']);
    expect(programs[0]).toMatch(/"--lines","3",.*"--follow"/);
  });

  test('names the units that no machine has, and fails when that is all of them', async () => {
    const some = await cluster.flotilla('logs off web@1');
    expect(some).toMatchObject({
      status: 0,
      stderr:
        'flotilla: off.service: it is inactive, so no machine has it; `flotilla start off.service` gives it one\n',
    });
    expect(await cluster.flotilla('logs off')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /\nflotilla: no machine has any of these units, for the reasons above\n$/,
      ),
      programs: [],
    });
  });
});

test.each([
  [
    { __REALTIME_TIMESTAMP: '5', UNIT: 'a.service', _SYSTEMD_UNIT: 'init.scope', MESSAGE: 'Started a' },
    'a.service',
    'Started a',
  ],
  [{ __REALTIME_TIMESTAMP: '5', _SYSTEMD_UNIT: 'a.service', MESSAGE: [104, 105] }, 'a.service', 'hi'],
  [{ __REALTIME_TIMESTAMP: '5', MESSAGE: null }, '-', ''],
])('%j is an entry', (line, unit, message) => {
  expect(parseEntry(JSON.stringify(line))).toEqual({ time: 5, unit, message });
});

test.each(['-- No entries --', '{}', '{"MESSAGE": "no time"}'])('%s is none', (line) => {
  expect(parseEntry(line)).toBeUndefined();
});

test('a time has its date', () => {
  expect(timeText(Date.parse('2026-11-20T19:02:11Z') * 1000)).toMatch(/^2026-11-2\d \d\d:02:11$/);
});

test('lines come whole, however they were cut', async () => {
  const got: string[] = [];
  const sink = lineSink((line) => got.push(line));
  const bytes = Buffer.from('müde\nzwei\n\nlast');
  for (const byte of bytes) sink.write(Buffer.from([byte]));
  await new Promise<void>((resolve) => sink.end(resolve));
  expect(got).toEqual(['müde', 'zwei', '', 'last']);
});
