import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createAuthority } from '../pki/authority.ts';
import { createOwnLeaf } from '../pki/own-leaf.ts';
import { addDays } from '../pki/validity.ts';
import { FakeAgent, fakeMachine } from '../push/fake-agent.ts';
import type { Connection } from '../ssh/connection.ts';
import { FakeMachine, type Outcome } from '../ssh/fake.ts';
import { FakeProbes } from './fake-probes.ts';
import { machineCheck, parseStatus, statusCommand } from './machine.ts';
import { told } from './sample-subject.ts';

let probes: FakeProbes;
let machine: FakeMachine;
let agent: FakeAgent;
let certificate: string;

/** Valid from a little before that day on, for a year. */
async function certificateOf(now: Date): Promise<string> {
  const authority = await createAuthority({ name: 'test', now: addDays(now, -1) });
  return (await createOwnLeaf({ authority, commonName: 'agent', usages: ['client'], now })).certificate;
}

beforeAll(async () => {
  certificate = await certificateOf(new Date(new FakeProbes().time));
});

beforeEach(() => {
  probes = new FakeProbes();
  machine = new FakeMachine({ name: 'core-1' });
  agent = new FakeAgent([fakeMachine('core-1')]);
  agent.gateway('core-1', machine);
  says({});
});

interface Said {
  readonly clock?: number;
  readonly etcd?: number | undefined;
  readonly alarms?: readonly string[];
  readonly pem?: string;
}

function says(said: Said, outcome: Outcome = {}): void {
  const { clock = probes.time, etcd, alarms = [], pem = certificate } = { etcd: 0, ...said };
  const lines = [
    `clock ${clock}`,
    ...(pem ? [`certificate /etc/flotilla/pki/agent.crt ${Buffer.from(pem).toString('base64')}`] : []),
    ...(etcd === undefined ? [] : [`etcd ${etcd}`]),
    ...alarms.map((alarm) => `alarm ${alarm} `),
  ];
  machine.programs.set('flotilla-machine-status', () => ({ stdout: `${lines.join('\n')}\n`, ...outcome }));
}

const lines = (etcd = true, connect = async (): Promise<Connection> => machine.connect()) =>
  told([machineCheck({ name: 'core-1', etcd }, 'prod', connect)], probes);

describe('a machine', () => {
  test('that does its part is one line', async () => {
    expect(await lines()).toEqual([
      'machine core-1 ok its agent answers, etcd is healthy, its clock is right, certificates for 365 days',
    ]);
    expect(machine.commands).toMatchObject([{ root: true }]);
  });

  test('without etcd is not asked for it', async () => {
    says({ etcd: undefined });
    expect(await lines(false)).toEqual([
      'machine core-1 ok its agent answers, its clock is right, certificates for 365 days',
    ]);
    expect(await lines(true)).toEqual(['machine core-1 problem it has no etcd yet → npm run up -- --refresh --stack prod']);
  });

  test('that can not be reached is a problem', async () => {
    const gone = () => Promise.reject(new Error('core-1 did not answer SSH within 30 s'));
    expect(await lines(true, gone)).toEqual([
      'machine core-1 problem core-1 did not answer SSH within 30 s → npm run up -- --refresh --stack prod',
    ]);
  });

  test('whose status fails says why', async () => {
    says({}, { status: 1, stderr: 'sudo: a password is required\n' });
    expect((await lines())[0]).toContain('ended with status 1: sudo: a password is required');
  });

  test.each([
    ['drop', 'its agent does not do its work: socket hang up'],
    [{ status: 503, body: {} }, 'its agent does not do its work: it answered 503'],
  ] as const)('whose agent answers with %j is a problem', async (reply, words) => {
    agent.intercept = () => reply;
    expect(await lines()).toEqual([
      `machine core-1 problem ${words} → npx flotilla ssh --stack prod core-1 'sudo journalctl -u flotilla-agent -n 50'`,
    ]);
  });

  test('whose etcd has no quorum, or an alarm, says each', async () => {
    says({ etcd: 1, alarms: ['NOSPACE'] });
    expect(await lines()).toEqual([
      'machine core-1 problem etcd raises the alarm NOSPACE → see docs/etcd.md',
      "machine core-1 problem its etcd is not in a quorum → npx flotilla ssh --stack prod core-1 'sudo journalctl -u etcd -n 50'",
    ]);
  });

  test.each([
    [900, undefined],
    [-900, undefined],
    [2500, "its clock is 2.5 s ahead of this computer's"],
    [-60_000, "its clock is 60.0 s behind this computer's"],
  ])('whose clock is off by %d ms', async (off, words) => {
    says({ clock: probes.time + off });
    const [line = ''] = await lines();
    if (words === undefined) expect(line).toContain('its clock is right');
    else
      expect(line).toBe(
        `machine core-1 warning ${words} → npx flotilla ssh --stack prod core-1 'sudo systemctl restart systemd-timesyncd'`,
      );
  });

  test.each([
    [-300, 'warning', 'agent.crt ends in 65 days, on '],
    [-400, 'problem', 'agent.crt has expired on '],
  ])('whose certificate is of %d days ago', async (days, level, words) => {
    says({ pem: await certificateOf(addDays(new Date(probes.time), days)) });
    const [line] = await lines();
    expect(line).toContain(`machine core-1 ${level} /etc/flotilla/pki/${words}`);
    expect(line).toContain('→ npm run up -- --refresh --stack prod');
  });

  test('without a certificate is not set up', async () => {
    says({ pem: '' });
    expect(await lines()).toEqual(['machine core-1 problem it has no certificate → npm run up']);
  });
});

describe('the script', () => {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-machine-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('reads clock, certificates, health and alarms, by the real shell', async () => {
    writeFileSync(join(folder, 'agent.crt'), 'PEM\n');
    writeFileSync(join(folder, 'ca.crt'), 'AUTHORITY\n');
    writeFileSync(join(folder, 'etcdctl.env'), 'ETCDCTL_API=3\nETCDCTL_ENDPOINTS=https://all:1\n');
    const etcdctl =
      '#!/bin/sh\ncase "$*" in\n*health*) [ "$ETCDCTL_ENDPOINTS" = https://x:1 ];;\n*alarm*) echo "memberID:13 alarm:NOSPACE ";;\nesac\n';
    writeFileSync(join(folder, 'etcdctl'), etcdctl, { mode: 0o755 });
    const [program = '', ...rest] = statusCommand.argv;
    const args = [...rest.slice(0, 3), folder, join(folder, 'etcdctl.env'), 'https://x:1'];
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
    const before = Date.now();
    const { stdout } = await promisify(execFile)(program, args, { env });
    const status = parseStatus(stdout);
    expect(status).toMatchObject({ etcdHealth: 0, alarms: ['NOSPACE'] });
    expect(status.certificates).toEqual([{ path: join(folder, 'agent.crt'), pem: 'PEM\n' }]);
    expect(status.clock).toBeGreaterThanOrEqual(before - 1);
    expect(status.clock).toBeLessThanOrEqual(Date.now() + 1);
  });

  test('says nothing of etcd where there is none', async () => {
    const [program = '', ...rest] = statusCommand.argv;
    const args = [...rest.slice(0, 3), join(folder, 'none'), join(folder, 'none.env'), 'https://x:1'];
    const { stdout } = await promisify(execFile)(program, args);
    expect(parseStatus(stdout)).toMatchObject({ etcdHealth: undefined, certificates: [], alarms: [] });
  });
});
