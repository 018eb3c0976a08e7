import { beforeEach, describe, expect, test } from '@jest/globals';
import { clusterChecks } from './cluster.ts';
import { FakeProbes } from './fake-probes.ts';
import { sampleSubject, told } from './sample-subject.ts';
import type { Subject } from './subject.ts';
import { toolChecks } from './tools.ts';

let probes: FakeProbes;
beforeEach(() => {
  probes = new FakeProbes();
});

const subject = sampleSubject(undefined);

async function lineOf(what: string, of: Subject = subject): Promise<readonly string[]> {
  return told(
    toolChecks(of).filter((check) => check.what === what),
    probes,
  );
}

test('a computer that has everything', async () => {
  expect(await told(toolChecks(subject), probes)).toEqual([
    'node ok 22.23.3, where package.json asks for >=20.11',
    'pulumi ok 3.259.0, the one that is pinned',
    'backend ok https://api.pulumi.com/ada',
    'clock ok it is kept right by NTP (timedatectl)',
    'home ok 20 GiB free at /clone/.flotilla',
  ]);
});

test.each(['18.20.4', '20.10.0'])(
  'Node %s is too old, and the version is named that is asked for',
  async (version) => {
    probes.nodeVersion = version;
    expect(await lineOf('node')).toEqual([
      `node problem ${version}, where package.json asks for >=20.11 → bash toolchain/setup.sh up`,
    ]);
  },
);

test('a package.json that pins no Pulumi is a problem of that check alone', async () => {
  probes.files.set('package.json', '{"engines": {"node": ">=20.11"}}');
  expect((await lineOf('node'))[0]).toContain('node ok ');
  expect((await lineOf('pulumi'))[0]).toContain('pulumi problem ');
});

describe('pulumi', () => {
  test.each([
    ['v3.300.1', 'ok', '3.300.1, pinned is 3.259.0'],
    ['v3.258.9', 'problem', 'it is 3.258.9, and 3.259.0 or newer'],
    ['v4.0.0', 'problem', 'it is 4.0.0'],
    ['nonsense', 'problem', 'it is nonsense'],
  ])('%s is %s', async (version, level, words) => {
    probes.programs.set('pulumi version', { stdout: `${version}\n` });
    expect((await lineOf('pulumi'))[0]).toContain(`pulumi ${level} ${words}`);
  });

  test('a clone that is not set up says so', async () => {
    probes.programs.set('pulumi version', {
      status: 1,
      stderr:
        'There is no Pulumi CLI for this clone yet. Next step: npm run up, or bash toolchain/setup.sh\n',
    });
    expect(await lineOf('pulumi')).toEqual([
      'pulumi problem There is no Pulumi CLI for this clone yet. → bash toolchain/setup.sh up',
    ]);
  });

  test('what asks it waits for it, and says no more', async () => {
    const said = {
      status: 1,
      stderr:
        'There is no Pulumi CLI for this clone yet. Next step: npm run up, or bash toolchain/setup.sh\n',
    };
    probes.programs.set('pulumi version', said);
    probes.programs.set('pulumi whoami --json --non-interactive', said);
    const why = "Pulumi can't read stack dev: There is no Pulumi CLI for this clone yet.";
    const without = sampleSubject(undefined, { state: { kind: 'unreadable', why } });
    const waits = 'warning not asked, since there is no Pulumi CLI that runs → mend pulumi first';
    expect(await lineOf('backend', without)).toEqual([`backend ${waits}`]);
    expect(await told(clusterChecks(without), probes)).toEqual([`stack ${waits}`]);
  });

  test('a launcher that is not there is a problem too', async () => {
    probes.programs.delete('pulumi version');
    expect((await lineOf('pulumi'))[0]).toContain("problem /clone/bin/pulumi can't be run: it is not there");
  });
});

describe('backend', () => {
  const backend = (url: string) =>
    probes.programs.set('pulumi whoami --json --non-interactive', {
      stdout: JSON.stringify({ user: 'ada', url }),
    });

  test("the clone's own state has its own passphrase", async () => {
    backend('file:///clone/.flotilla/state');
    expect(await lineOf('backend')).toEqual(['backend ok file:///clone/.flotilla/state']);
  });

  test('another needs one, unless somebody else keeps the secrets', async () => {
    backend('s3://bucket');
    expect(await lineOf('backend')).toEqual([
      'backend ok s3://bucket',
      expect.stringContaining('backend warning no passphrase is set'),
    ]);
    const given = { ...subject, environment: { PULUMI_CONFIG_PASSPHRASE: '' } };
    expect(await lineOf('backend', given)).toHaveLength(1);
    const kms = sampleSubject('secretsprovider: awskms://k\nconfig: {}\n');
    expect(await lineOf('backend', kms)).toHaveLength(1);
  });

  test('shows no password of a backend', async () => {
    backend('postgres://ada:secret@db:5432/pulumi?sslpassword=secret');
    const lines = await lineOf('backend');
    expect(lines[0]).toBe('backend ok postgres://db:5432/pulumi');
    expect(lines.join()).not.toContain('secret');
  });

  test('one that can not be reached is said with its own words', async () => {
    probes.programs.set('pulumi whoami --json --non-interactive', {
      status: 255,
      stderr: 'error: no such host\n',
    });
    expect(await lineOf('backend')).toEqual(['backend problem no such host → npx pulumi whoami --verbose']);
  });

  test('what is no answer is a problem', async () => {
    probes.programs.set('pulumi whoami --json --non-interactive', { stdout: 'ada' });
    expect((await lineOf('backend'))[0]).toMatch(/^backend problem /);
  });
});

describe('clock', () => {
  test('one that nothing keeps right is a warning', async () => {
    probes.programs.set('timedatectl', { stdout: 'no\n' });
    expect((await lineOf('clock'))[0]).toBe(
      'clock warning nothing keeps it right: timedatectl says NTPSynchronized=no; it shows 2026-11-26T10:00:00Z' +
        ' → sudo timedatectl set-ntp true',
    );
  });

  test('a computer without systemd can not tell, which is none of its faults', async () => {
    probes.programs.set('timedatectl', { status: 1, stderr: 'System has not been booted with systemd\n' });
    expect((await lineOf('clock'))[0]).toContain("clock warning timedatectl can't tell");
    probes.programs.delete('timedatectl');
    expect((await lineOf('clock'))[0]).toContain("clock warning timedatectl can't tell");
  });
});

test('a disk that is nearly full is a warning, with the way to what fills it', async () => {
  probes.free = 300 * 1024 ** 2;
  expect(await lineOf('home')).toEqual([
    'home warning 300 MiB free at /clone/.flotilla → du -xh --max-depth=2 /clone/.flotilla | sort -h | tail',
  ]);
});
