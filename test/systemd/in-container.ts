import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync } from 'node:fs';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { DbusSystemd } from '../../src/agent/systemd/dbus-systemd.ts';
import { Manager } from '../../src/agent/systemd/manager.ts';
import { maxNarrowRules } from '../../src/agent/systemd/match-rules.ts';
import { halfWritten, type NewUnit } from '../../src/agent/systemd/systemd.ts';
import { UnitFiles } from '../../src/agent/systemd/unit-files.ts';
import { unitPath } from '../../src/agent/systemd/unit-path.ts';
import { eventually, follow } from '../contract/systemd/follow.ts';
import { subjectOf } from '../contract/systemd/subject.ts';
import { systemdContract } from '../contract/systemd.ts';

/**
 * Runs as root beside a systemd of its own (container.ts): the contract against the real one, and what only that can
 * show.
 */
const folder = '/run/flotilla';
const systemd = new DbusSystemd({ folder });
const systemctl = (...args: string[]) => execFileSync('systemctl', args, { encoding: 'utf8' });
const daemon = '[Service]\nExecStart=/bin/sleep infinity\n';

after(async () => {
  const names = (await systemd.list()).map(({ name }) => name);
  await systemd.stop(names);
  await systemd.install([], names);
  await systemd.close();
});

describe('DbusSystemd', () => {
  systemdContract({
    get: () => systemd,
    lose: async () => void systemctl('restart', 'dbus.service'),
    restartForeign: async () => void systemctl('restart', 'systemd-timesyncd.service'),
  });
});

const { run, find: stateOf } = subjectOf(() => systemd);

test('what a unit said before it failed is told, also when journald has not got to it', async () => {
  const name = 'last-words.service';
  const journald = (signal: string) =>
    systemctl('kill', `--signal=${signal}`, '--kill-whom=main', 'systemd-journald');
  await systemd.install(
    [{ name, contents: "[Service]\nExecStart=/bin/sh -c 'echo farewell; exit 1'\n" }],
    [],
  );
  journald('STOP');
  try {
    await systemd.start([name]);
    for (let tries = 0; tries < 100 && (await stateOf(name))?.active !== 'failed'; tries++) await sleep(100);
    const said = systemd.journal(name, 10);
    await sleep(1000);
    journald('CONT');
    expect((await said).join('\n')).toContain('farewell');
  } finally {
    journald('CONT');
  }
});

test('what fails and is started again is never told to have failed with success', async () => {
  const name = 'flapping.service';
  const flapping =
    '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/false\nRestart=always\nRestartSec=100ms\n';
  await systemd.install([{ name, contents: flapping }], []);
  await systemd.start([name]);
  const seen = new Set<string>();
  try {
    for (let looks = 0; looks < 100; looks++) {
      const state = await stateOf(name);
      seen.add(`${state?.active} ${state?.sub} ${state?.result}`);
    }
  } finally {
    await systemd.stop([name]);
  }
  expect([...seen]).toContain('activating auto-restart exit-code');
  expect(
    [...seen].filter((state) => /^failed|auto-restart/.test(state) && state.endsWith(' success')),
  ).toEqual([]);
});

test('a systemd that executes itself anew is found again, and runs what it ran', async () => {
  await run('reexec.service', daemon);
  const { seen, ended } = await follow(systemd);
  systemctl('daemon-reexec');
  await ended;
  expect(seen.error).toContain('lost');
  for (let tries = 0; tries < 100 && !(await stateOf('reexec.service').catch(() => false)); tries++)
    await sleep(100);
  expect(await stateOf('reexec.service')).toMatchObject({ active: 'active', started: true });
  const again = await follow(systemd);
  await systemd.stop(['reexec.service']);
  await eventually(() => again.seen.changes > 0);
  again.stop.abort();
  await again.ended;
});

test('a stop that is overtaken by a start is no stop', async () => {
  const deaf = `${daemon}KillSignal=SIGCONT\nTimeoutStopSec=20\n`;
  await run('overtaken.service', deaf);
  const stopped = systemd.stop(['overtaken.service']);
  const outcome = expect(stopped).rejects.toThrow('overtaken.service: its stop job ended with canceled');
  await sleep(1000);
  await systemd.start(['overtaken.service']);
  await outcome;
  systemctl('kill', '--signal=KILL', 'overtaken.service');
});

test("what an agent wrote and did not get to reload is systemd's with the next start", async () => {
  const wanted = 'interrupted.service';
  await run(wanted, daemon);
  await run('interrupts.service', `[Unit]\nWants=${wanted}\n${daemon}`);
  await systemd.stop([wanted]);
  await new UnitFiles(folder).write({ name: wanted, contents: '[Service]\nExecStart=/bin/false\n' });
  await systemd.start([wanted]);
  for (let tries = 0; tries < 100 && (await stateOf(wanted))?.active !== 'failed'; tries++) await sleep(100);
  expect(await stateOf(wanted)).toMatchObject({ active: 'failed', result: 'exit-code' });
});

async function untilNoJobOf(name: string): Promise<void> {
  for (let tries = 0; tries < 100 && systemctl('list-jobs', '--no-legend', name) !== ''; tries++)
    await sleep(100);
}

/** What a killed agent leaves behind: it had come as far as `work` does. */
async function killedAfter(change: (step: () => Promise<void>) => Promise<void>, work: () => Promise<void>) {
  const cut = change(async () => {
    await work();
    throw new Error('killed');
  });
  await expect(cut).rejects.toThrow('killed');
}

test('a fence that an agent wrote and did not get to reload is in force with the next one', async () => {
  const name = 'half-fenced.service';
  const files = new UnitFiles(folder);
  const unit = { name, contents: daemon, fenced: true };
  await run('half-wants.service', `[Unit]\nWants=${name}\n${daemon}`);
  await systemd.install([{ name, contents: `${daemon}Nice=1\n` }], []);
  await systemd.start([name]);
  await systemd.stop([name]);
  await killedAfter(
    (step) => files.change([name], step),
    () => files.write(unit),
  );
  const next = new DbusSystemd({ folder });
  const hashes = (await next.list()).flatMap((found) => (found.name === name ? found.hash : []));
  expect(hashes).toEqual([halfWritten]);
  await next.install([unit], []);
  const dropIns = systemctl('show', '--property=DropInPaths', '--value', name);
  expect(dropIns).toContain('flotilla-fence.conf');
  await next.close();
});

describe('an [Install] section of a unit that was being changed when the agent was killed', () => {
  const hook = 'cut-hook.service';
  const name = 'cut.service';
  const contents = `${daemon}[Install]\nWantedBy=${hook}\n`;
  const put = (each: NewUnit) => systemd.install([each], []);
  const files = new UnitFiles(folder);

  /** The agent is killed after `work`; the next one puts this version in place. */
  async function takenOver(work: () => Promise<void>, next: NewUnit): Promise<string | undefined> {
    await killedAfter((step) => files.change([name], step), work);
    const agent = new DbusSystemd({ folder });
    await agent.install([next], []);
    // The driver's own start returns when its job is queued. Only a finished one tells whether the hook wanted the unit.
    systemctl('start', hook);
    await untilNoJobOf(name);
    const active = (await stateOf(name))?.active;
    await agent.stop([hook, name]);
    await agent.close();
    return active;
  }

  test('counts, also if systemd had made the links and not read them', async () => {
    await put({ name: hook, contents: daemon });
    await put({ name, contents: daemon });
    const enable = async () => {
      await files.write({ name, contents });
      const enableUnits = ['EnableUnitFiles', 'asbb', '1', files.pathOf(name), 'true', 'false'];
      const manager = 'org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager';
      execFileSync('busctl', ['call', ...manager.split(' '), ...enableUnits]);
    };
    expect(await takenOver(enable, { name, contents })).toBe('active');
  });

  test('counts no more, also if its links were gone and systemd had not looked', async () => {
    await put({ name: hook, contents: daemon });
    await put({ name, contents });
    const disable = async () => {
      await files.links.remove((await files.links.list()).filter(({ unit }) => unit === name));
      await files.write({ name, contents: daemon });
    };
    expect(await takenOver(disable, { name, contents: daemon })).toBe('inactive');
  });
});

test('units of the machine that Also= names are enabled and disabled with the unit', async () => {
  const other = 'also-machine.service';
  const also = `${daemon}[Install]\nWantedBy=multi-user.target\nAlso=systemd-timesyncd.service\n`;
  const isEnabled = () => existsSync('/run/systemd/system/sysinit.target.wants/systemd-timesyncd.service');
  await systemd.install([{ name: other, contents: also }], []);
  expect(isEnabled()).toBe(true);
  await systemd.install([], [other]);
  expect(isEnabled()).toBe(false);
});

describe('a start that was not noted before the agent was killed', () => {
  const job = (command: string) => `[Service]\nType=oneshot\nExecStart=${command}\n`;

  /** Whether the next agent takes it for started. */
  async function isStarted(name: string, contents: string, work: () => Promise<void>): Promise<boolean> {
    await systemd.install([{ name, contents }], []);
    const files = new UnitFiles(folder);
    await killedAfter((step) => files.start(name, step), work);
    const next = new DbusSystemd({ folder });
    const found = (await next.list()).find((unit) => unit.name === name);
    await next.close();
    return found?.started ?? false;
  }
  const start = (name: string) => async () => void systemctl('start', '--no-block', name);
  const ended = (name: string) => async () => void systemctl('start', name);

  test('was one, of a job that has ended', async () => {
    const name = 'noted-ended.service';
    expect(await isStarted(name, job('/bin/true'), ended(name))).toBe(true);
    expect(await stateOf(name)).toMatchObject({ active: 'inactive', started: true });
  });

  test('was one, of a job that runs, a unit that runs and one that has failed', async () => {
    const sleeping = 'noted-sleeping.service';
    expect(await isStarted(sleeping, job('/bin/sleep infinity'), start(sleeping))).toBe(true);
    const running = 'noted-running.service';
    expect(await isStarted(running, daemon, ended(running))).toBe(true);
    const failed = 'noted-failed.service';
    expect(await isStarted(failed, job('/bin/false'), () => ended(failed)().catch(() => undefined))).toBe(
      true,
    );
  });

  test('was none if systemd was not asked, though the job had run before', async () => {
    const name = 'noted-never.service';
    expect(await isStarted(name, job('/bin/true'), async () => undefined)).toBe(false);
    await systemd.start([name]);
    for (let tries = 0; tries < 100 && !(await stateOf(name))?.started; tries++) await sleep(100);
    await systemd.stop([name]);
    expect(await isStarted(name, job('/bin/true'), async () => undefined)).toBe(false);
    expect(await stateOf(name)).toMatchObject({ started: false });
  });
});

test('a changed unit needs no reload of systemd, and other units are no news', async () => {
  await run('quiet.service', daemon);
  const reloads = () => systemctl('show', '--property=UnitsLoadTimestampMonotonic', '--value');
  const before = reloads();
  const { stop, seen, ended } = await follow(systemd);
  systemctl('restart', 'systemd-timesyncd.service');
  await sleep(1000);
  expect(seen.changes).toBe(0);
  await systemd.stop(['quiet.service']);
  await run('quiet.service', `${daemon}Nice=1\n`);
  expect(reloads()).toBe(before);
  await eventually(() => seen.changes > 0);
  stop.abort();
  await ended;
});

describe('the connection', () => {
  /** Units that are heard of when ours and others change. */
  async function heard(follow: readonly string[]): Promise<Set<string>> {
    const paths: string[] = [];
    const manager = await Manager.connect('/run/dbus/system_bus_socket', (path) => paths.push(path ?? 'all'));
    try {
      await manager.follow(follow);
      systemctl('restart', 'systemd-timesyncd.service', 'heard.service', 'unheard.service');
      await sleep(1000);
      return new Set(paths);
    } finally {
      manager.close();
    }
  }
  const pathOf = { heard: unitPath('heard.service'), foreign: unitPath('systemd-timesyncd.service') };

  test('hears of the units that it follows only, unless they are many', async () => {
    for (const name of ['heard.service', 'unheard.service']) await run(name, daemon);
    expect(await heard(['heard.service'])).toEqual(new Set([pathOf.heard]));
    const many = Array.from({ length: maxNarrowRules }, (_, at) => `heard@${at}.service`);
    expect(await heard(many)).toEqual(new Set());
    expect(await heard([...many, 'heard.service'])).toContain(pathOf.foreign);
  });

  test('stops more units at once than it may have rules for', async () => {
    const names = Array.from({ length: maxNarrowRules + 20 }, (_, at) => `crowd@${at}.target`);
    await systemd.install(
      names.map((name) => ({ name, contents: '[Unit]\nDescription=One of many\n' })),
      [],
    );
    await systemd.start(names);
    const active = async () =>
      (await systemd.list()).filter((unit) => unit.active === 'active').map((unit) => unit.name);
    expect(await active()).toEqual(expect.arrayContaining(names));
    await systemd.stop(names);
    expect((await active()).filter((name) => names.includes(name))).toEqual([]);
  });
});

test('a unit that systemd reads to answer, and forgets again, makes no news of those that it names', async () => {
  await run('anchor.service', '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n');
  const contents = '[Unit]\nRequires=anchor.service\nAfter=anchor.service\n[Service]\nExecStart=/bin/true\n';
  await systemd.install([{ name: 'idle.service', contents }], []);
  expect(await stateOf('idle.service')).toMatchObject({ load: 'loaded', active: 'inactive' });
  const { stop, seen, ended } = await follow(systemd);
  await stateOf('idle.service');
  await sleep(500);
  const before = seen.changes;
  for (let looks = 0; looks < 3; looks += 1) {
    await stateOf('idle.service');
    await sleep(500);
  }
  expect(seen.changes).toBe(before);
  systemctl('start', 'idle.service');
  await eventually(() => seen.changes > before);
  stop.abort();
  await ended;
});

test('a file that is edited by hand is news', async () => {
  await run('edited.service', daemon);
  const { stop, seen, ended } = await follow(systemd);
  appendFileSync(`${folder}/units/edited.service`, '# by hand\n');
  await eventually(() => seen.changes > 0);
  stop.abort();
  await ended;
});
