import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import {
  certificatesGone,
  certificatesTests,
  certificateUnits,
  endSoon,
  renewalTest,
} from './certificates.ts';
import { identityOf } from './identity.ts';
import {
  growOwnImage,
  images,
  imagesOfLateJoiners,
  ownImages,
  ownLayersOn,
  writeOwnImage,
} from './images.ts';
import {
  bootIds,
  givenUp,
  leftovers,
  onMachine,
  pidOf,
  placement,
  placements,
  starts,
  until,
} from './observe.ts';
import { events, shortages, watchAnswers } from './observe-units.ts';
import { type Run, succeeded } from './run.ts';
import { secretsTests } from './secrets.ts';
import { servicesTests, serviceUnits } from './services.ts';
import { type Config, createStack, type Stack } from './stack.ts';

/**
 * One cluster on real machines, from nothing to nothing, in the order a user would live through it. The tests
 * build on each other: a failure early makes the later ones meaningless, so read the first one. An `up` takes minutes
 * where processors are emulated, so each brings what several tests look at.
 */
const port = 18081;

function config(workers: number, generation = 1): Config {
  return {
    machines: {
      core: { count: 3, etcd: true, metadata: { role: 'core' }, publish: { [port]: 8080 } },
      ...(workers > 0 ? { worker: { count: workers, generation, metadata: { role: 'worker' } } } : {}),
    },
    images: ownImages,
    units: ['units/hello', 'units/extra'],
  };
}

let stack: Stack;
const cores = ['core-1', 'core-2', 'core-3'];
/** One for each core and the first worker. */
const spread = ['spread@1.service', 'spread@2.service', 'spread@3.service', 'spread@4.service'];
const watch = { log: (text: string) => process.stderr.write(text) };

const succeed = (args: readonly string[]): Promise<Run> => succeeded(stack.pulumi(args, watch));

function unit(name: string, text: string) {
  writeFileSync(join(stack.clone, 'units', 'extra', name), text);
}

/** What `flotilla doctor --json` has of each check. */
const findingsSchema = z.array(z.object({ check: z.string(), level: z.string(), finding: z.string() }));

const ticker = (word: string) => `[Service]
ExecStart=/bin/sh -c 'while :; do echo ${word}; sleep 5; done'
`;

/** Units that are there from the first `up` to the first change. */
const visitors = { ...serviceUnits, ...certificateUnits };

/** Digest of the layer of the stack's own image. */
let layer: string;

beforeAll(async () => {
  stack = createStack('test', config(0));
  layer = await writeOwnImage(stack);
  stack.mkdir('units/extra');
  unit('ticker.service', ticker('one'));
  for (const [name, text] of Object.entries(visitors)) unit(name, text);
});

afterAll(async () => {
  await stack.pulumi(['destroy', '--yes', '--skip-preview'], watch);
  stack.remove();
});

describe('up', () => {
  test('brings three machines up, with healthy etcd and running units', async () => {
    await succeeded(stack.up(watch));
    const { etcd, units, machines } = await stack.outputs();
    expect(Object.keys(machines)).toEqual(cores);
    expect(etcd).toEqual({ 'core-1': 'healthy', 'core-2': 'healthy', 'core-3': 'healthy' });
    expect(units['hello-image.service']).toEqual(cores);
    expect(new Set([...(units['hello@1.service'] ?? []), ...(units['hello@2.service'] ?? [])]).size).toBe(2);
  });

  test('brings the stack’s image to every machine', async () => {
    for (const name of cores) expect(await ownLayersOn(stack, name)).toContain(layer);
  });

  test('hello answers on the published port, from both instances', async () => {
    const seen = new Set<string>();
    await until(givenUp, async () => {
      const reply = await fetch(`http://127.0.0.1:${port}`).catch(() => undefined);
      seen.add((await reply?.text())?.trim() ?? '');
      return [...seen].filter((text) => text.startsWith('Hello from instance')).length === 2;
    });
  });

  test('changes nothing when nothing changed', async () => {
    expect((await succeed(['up', '--yes'])).output).not.toMatch(/ to (create|update|replace|delete)/);
  });
});

secretsTests(() => stack, cores);

describe('flotilla', () => {
  test('lists machines and units', async () => {
    const { output } = await stack.look(['list-machines']);
    for (const name of cores) expect(output).toContain(name);
    expect((await stack.look(['list-units'])).output).toMatch(/hello@1\.service.*active\s+running/);
  });

  test('doctor finds each machine in order', async () => {
    const { stdout } = await stack.flotilla(['doctor', '--json']);
    const ofMachines = findingsSchema
      .parse(JSON.parse(stdout))
      .filter(({ check }) => check.startsWith('machine'));
    expect(ofMachines.map(({ check, level }) => [check, level])).toEqual(
      cores.map((name) => [`machine ${name}`, 'ok']),
    );
    for (const { finding } of ofMachines) expect(finding).toMatch(/agent answers, etcd is healthy, .*clock/);
  });

  test('shows a unit as systemd and the journal see it', async () => {
    const status = await stack.flotilla(['status', 'ticker.service']);
    expect([status.status, status.output]).toEqual([0, expect.stringContaining('active (running)')]);
    expect((await stack.look(['journal', 'ticker.service'])).output).toContain('one');
  });

  test('an unknown unit or machine is named, without a stack trace', async () => {
    for (const args of [
      ['status', 'nope.service'],
      ['ssh', 'core-9', 'true'],
    ]) {
      const { status, output } = await stack.flotilla(args);
      expect(status).not.toBe(0);
      expect(output).toContain(args[1]);
      expect(output).not.toMatch(/^\s+at /m);
    }
  });
});

servicesTests(() => stack);

certificatesTests(() => stack, cores);

/** Most of the time until a renewal is waited for. */
describe('while a certificate ends soon', () => {
  beforeAll(() => endSoon(stack));

  images({ stack: () => stack, cores });

  renewalTest(() => stack);
});

describe('systemd', () => {
  test('and its bus may be restarted under an agent, which runs on', async () => {
    const again = 'systemctl restart dbus.service; systemctl daemon-reexec';
    await onMachine(stack, 'core-2', ['sudo', 'sh', '-ec', again]);
    const restarts = ['systemctl', 'show', '--value', '--property=NRestarts', 'flotilla-agent'];
    expect(await onMachine(stack, 'core-2', restarts)).toBe('0');
  });
});

/** Digest of the layer that the stack's own image gets. */
let added: string;

describe('a change', () => {
  test('of an image is a difference at preview, by its layers', async () => {
    added = await growOwnImage(stack);
    const { output } = await succeed(['preview']);
    expect(output).toMatch(/core-1 pulls 1 layer, 1(\.0)? MiB from /);
    expect(output).toMatch(/At most 1(\.0)? MiB will leave this computer/);
  });

  test('of one unit restarts that unit alone; the image comes, units go with their certificates', async () => {
    const names = ['hello@1.service', 'hello@2.service', 'ticker.service'];
    const before = await starts(stack, names);
    unit('ticker.service', ticker('two'));
    for (const name of Object.keys(visitors)) stack.rm(join('units', 'extra', name));
    await succeed(['up', '--yes', '--skip-preview']);
    const after = await starts(stack, names);
    expect(names.filter((name) => before[name] !== after[name])).toEqual(['ticker.service']);
    for (const name of cores) expect(await ownLayersOn(stack, name)).toContain(added);
    await certificatesGone(stack, cores);
    expect((await succeed(['up', '--yes'])).output).not.toMatch(/ to (create|update|replace|delete)/);
  });

  test('by hand is found by refresh and put right by the next up', async () => {
    const file = '/run/flotilla/units/ticker.service';
    const edit = ['sudo', 'sh', '-c', `echo "# by hand" >> ${file}`];
    await onMachine(stack, await placement(stack, 'ticker.service'), edit);
    await onMachine(stack, 'core-2', ['docker', 'image', 'rm', ...Object.keys(ownImages)]);
    let said = '';
    await until(givenUp, async () => {
      said += (await succeed(['refresh', '--yes', '--diff'])).output;
      return /ticker/.test(said) && /it is not on core-2/.test(said);
    });
    await succeed(['up', '--yes', '--skip-preview']);
    const machine = await placement(stack, 'ticker.service');
    expect(await onMachine(stack, machine, ['cat', file])).not.toContain('by hand');
    expect(await ownLayersOn(stack, 'core-2')).toContain(added);
  });

  test('to a unit that fails ends in an error with its last journal lines', async () => {
    unit('broken.service', '[Service]\nExecStart=/bin/sh -c "echo the disk is on fire; exit 3"\n');
    const { status, output } = await stack.pulumi(['up', '--yes', '--skip-preview'], watch);
    stack.rm('units/extra/broken.service');
    expect(status).not.toBe(0);
    expect(output).toContain('broken.service');
    expect(output).toContain('the disk is on fire');
  });

  test('to a malformed unit is refused at preview, with the line', async () => {
    unit('odd.service', '[Service]\nExecStart=/bin/true\n[X-Fleet]\nConflict=x\n');
    const { status, output } = await stack.pulumi(['preview']);
    stack.rm('units/extra/odd.service');
    expect(status).not.toBe(0);
    expect(output).toContain('units/extra/odd.service:4');
    expect(output).not.toMatch(/^\s+at /m);
  });

  test('of the number of etcd members is refused at preview', async () => {
    stack.configure({ machines: { core: { count: 1, etcd: true } }, units: [] });
    const { status, output } = await stack.pulumi(['preview']);
    stack.configure(config(0));
    expect(status).not.toBe(0);
    expect(output).toContain('etcd members');
  });

  test('to one more worker leaves the others as they are', async () => {
    const before = await bootIds(stack, cores);
    unit('spread@.service', ticker('here'));
    unit('units.yaml', `instances: {spread@.service: ${spread.length}}\n`);
    stack.configure(config(1));
    await succeed(['up', '--yes', '--skip-preview']);
    expect(await bootIds(stack, cores)).toEqual(before);
    expect((await stack.outputs()).units['hello-image.service']).toContain('worker-1');
  });

  test('takes away the unit that failed', async () => {
    expect((await stack.look(['list-unit-files'])).output).not.toContain('broken.service');
  });
});

imagesOfLateJoiners({ stack: () => stack }, 'worker-1');

describe('a machine without etcd', () => {
  test('may write what is its own, and no more', async () => {
    const { machines, connection } = await stack.outputs();
    const [own, other] = ['worker-1', 'core-1'].map(
      (name) => connection.machines.find((machine) => machine.name === name)?.id,
    );
    const remove = (key: string) => {
      const pki = '/etc/flotilla/pki';
      const proof = `--cacert=${pki}/ca.crt --cert=${pki}/agent.crt --key=${pki}/agent.key`;
      const etcdctl = `etcdctl --endpoints=https://${machines['core-1']}:2379 ${proof} del ${key} 2>&1; true`;
      return onMachine(stack, 'worker-1', ['sudo', 'sh', '-c', etcdctl]);
    };
    expect(await remove(`/flotilla/states/${own}/none.service`)).toBe('0');
    for (const key of [`/flotilla/states/${other}/none.service`, '/flotilla/units/none.service'])
      expect(await remove(key)).toContain('permission denied');
  });
});

describe('a machine that dies', () => {
  let machine = '';
  let identity: Readonly<Record<string, string>> = {};

  test('loses its units to the others', async () => {
    machine = await placement(stack, 'ticker.service');
    identity = await identityOf(stack, machine);
    process.kill(pidOf(stack, machine), 'SIGKILL');
    await until(
      givenUp,
      async () =>
        ![machine, undefined].includes(await placement(stack, 'ticker.service').catch(() => undefined)),
    );
  });

  test('is found by refresh and started again on its own disk', async () => {
    const { output } = await succeed(['up', '--yes', '--skip-preview', '--refresh']);
    expect(output).toMatch(/updated/);
    await until(givenUp, async () => {
      const { output } = await stack.look(['list-machines', '--json']);
      return [...cores, 'worker-1'].every((name) => output.includes(`"${name}"`));
    });
  });

  test('is itself again, though it woke at first and boots now', async () => {
    const after = await identityOf(stack, machine);
    for (const kind of ['machine-id', 'hostname', 'host-key', 'agent-key', 'duid', 'lan'])
      expect([kind, after[kind]]).toEqual([kind, identity[kind]]);
  });
});

describe('machines that leave', () => {
  test('are replaced by a new generation that comes up beside them; hello answers throughout', async () => {
    const before = await bootIds(stack, cores);
    const id = await onMachine(stack, 'worker-1', ['cat', '/etc/machine-id']);
    const answers = watchAnswers(`http://127.0.0.1:${port}`, 1000);
    stack.configure(config(1, 2));
    await succeed(['up', '--yes', '--skip-preview']).finally(() => answers.stop());
    const silence = await answers.stop();
    expect(silence.milliseconds < 10_000 ? [] : [silence.milliseconds, ...silence.instead]).toEqual([]);
    expect(await bootIds(stack, cores)).toEqual(before);
    expect(await onMachine(stack, 'worker-1', ['cat', '/etc/machine-id'])).not.toBe(id);
    expect(readdirSync(stack.machines).sort()).toEqual([...cores, 'worker-1.2']);
    expect((await stack.look(['list-machines', '--json'])).output).not.toContain(id);
    const placed = await placements(stack);
    expect(spread.map((name) => placed[name]?.length)).toEqual(spread.map(() => 1));
    expect(spread.map((name) => placed[name]?.[0])).toContainEqual(expect.stringContaining('worker'));
  });

  test('give their units away before they go, one instance at a time', async () => {
    const before = await bootIds(stack, cores);
    const since = BigInt((await events(stack)).at(-1)?.revision ?? 0);
    const placed = await placements(stack);
    const active = Object.fromEntries(spread.map((name) => [name, placed[name] ?? []]));
    stack.configure(config(0));
    await succeed(['up', '--yes', '--skip-preview']);
    const happened = (await events(stack)).filter(({ revision }) => BigInt(revision) > since);
    expect(shortages(active, happened, spread.length - 1)).toEqual([]);
    const taken = happened.filter(
      ({ kind, unit = '', message }) =>
        kind === 'placement' && spread.includes(unit) && message.startsWith('taken'),
    );
    expect(taken.length).toBeGreaterThan(0);
    for (const { message } of taken) expect(message).toMatch(/^taken away: worker-1 is draining/);
    expect(await bootIds(stack, cores)).toEqual(before);
    expect(readdirSync(stack.machines).sort()).toEqual(cores);
  });
});

test('destroy leaves nothing, with one machine hung', async () => {
  process.kill(pidOf(stack, 'core-2'), 'SIGSTOP');
  await succeed(['destroy', '--yes', '--skip-preview']);
  expect(leftovers(stack)).toEqual([]);
  const exported = await stack.pulumi(['stack', 'export']);
  expect(exported.output).not.toContain('flotilla:local:Machine');
});
