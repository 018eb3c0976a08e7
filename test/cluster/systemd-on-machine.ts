import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { DbusSystemd } from '../../src/agent/dbus-systemd.ts';
import { UnitFiles } from '../../src/agent/unit-files.ts';
import { systemdContract } from '../contract/systemd.ts';

/**
 * Runs as root on a machine: the contract against the real systemd, and what only that one can show. The folder is
 * not the agent's, so that the agent beside it leaves these units alone.
 */
const folder = '/run/flotilla-contract';
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
  systemdContract(
    () => systemd,
    async () => void systemctl('restart', 'dbus.service'),
  );
});

async function run(name: string, contents: string): Promise<void> {
  await systemd.install([{ name, contents }], []);
  await systemd.start([name]);
}

async function stateOf(name: string) {
  return (await systemd.list()).find((unit) => unit.name === name);
}

/** Counts what `changes` yields after the first, which says nothing. */
async function follow() {
  const stop = new AbortController();
  const seen = { changes: -1, error: '' };
  const ended = (async () => {
    for await (const _ of systemd.changes(stop.signal)) seen.changes += 1;
  })().catch((error: Error) => {
    seen.error = error.message;
  });
  await sleep(2000);
  return { stop, seen, ended };
}

test('a systemd that executes itself anew is found again, and runs what it ran', async () => {
  await run('reexec.service', daemon);
  const { seen, ended } = await follow();
  systemctl('daemon-reexec');
  await ended;
  expect(seen.error).toContain('lost');
  for (let tries = 0; tries < 100 && !(await stateOf('reexec.service').catch(() => false)); tries++)
    await sleep(100);
  expect(await stateOf('reexec.service')).toMatchObject({ active: 'active', started: true });
  const again = await follow();
  await systemd.stop(['reexec.service']);
  await sleep(1000);
  expect(again.seen.changes).toBeGreaterThan(0);
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

test('a changed unit needs no reload of systemd, and other units are no news', async () => {
  await run('quiet.service', daemon);
  await sleep(1000);
  const reloads = () => systemctl('show', '--property=UnitsLoadTimestampMonotonic', '--value');
  const before = reloads();
  const { stop, seen, ended } = await follow();
  systemctl('restart', 'systemd-timesyncd.service');
  await sleep(1000);
  expect(seen.changes).toBe(0);
  await systemd.stop(['quiet.service']);
  await run('quiet.service', `${daemon}Nice=1\n`);
  expect(reloads()).toBe(before);
  await sleep(1000);
  expect(seen.changes).toBeGreaterThan(0);
  stop.abort();
  await ended;
});

test('a file that is edited by hand is news', async () => {
  await run('edited.service', daemon);
  await sleep(1000);
  const { stop, seen, ended } = await follow();
  appendFileSync(`${folder}/units/edited.service`, '# by hand\n');
  await sleep(1000);
  expect(seen.changes).toBeGreaterThan(0);
  stop.abort();
  await ended;
});
