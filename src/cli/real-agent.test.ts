import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { serveApi } from '../agent/api/api.ts';
import { SimulatedCluster } from '../agent/simulated-cluster.ts';
import { agentSocket } from '../model/api.ts';
import { FakeMachine } from '../ssh/fake.ts';
import { FakeCluster } from './fake-cluster.ts';

/*
 * The commands against real agents, engine and API on an in-memory etcd: what the fake agent answers in the other
 * tests, these hold against the real one.
 */

const contents = '[Service]\nExecStart=/bin/sleep inf\n';

let cluster: SimulatedCluster;
let cli: FakeCluster;
let folder: string;
let server: Server;

beforeEach(async () => {
  cluster = new SimulatedCluster(['core-1', 'core-2']);
  await cluster.start();
  folder = await mkdtemp(join(tmpdir(), 'flotilla-real-agent-'));
  const path = join(folder, 'agent.sock');
  const context = { store: cluster.store, machineId: '1'.repeat(32), version: '1' };
  server = await serveApi(path, context, () => undefined);
  cli = new FakeCluster(cluster.machines.map(({ machine }) => machine));
  const machine = new FakeMachine({ name: 'core-1' });
  machine.sockets.set(agentSocket, (stream) => {
    const socket = connect(path);
    stream.pipe(socket).pipe(stream);
    stream.on('close', () => socket.destroy());
  });
  cli.gateway = { name: 'core-1', connect: async () => machine.connect() };
  cli.onSleep = (milliseconds) => cluster.clock.advance(milliseconds);
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await cluster.stop();
  await rm(folder, { recursive: true });
});

async function done(line: string): Promise<string> {
  const { status, stdout, stderr } = await cli.flotilla(line.replaceAll('DIR', folder));
  expect({ line, status, stderr: status === 0 ? '' : stderr }).toEqual({ line, status: 0, stderr: '' });
  return stdout;
}

describe('the commands and real agents agree', () => {
  beforeEach(() => writeFile(join(folder, 'web@.service'), contents));

  test('on the whole life of units', async () => {
    expect(await done('submit DIR/web@.service')).toBe('Unit web@.service inactive\n');
    const started = await done('start web@{1..2}');
    expect(started.match(/^Unit web@\d\.service launched on \w{8}\.\.\.\/10\.[\d.]+$/gm)).toHaveLength(2);
    expect((await done('list-units --no-legend --fields unit,active')).split('\n')).toEqual([
      'web@1.service  active',
      'web@2.service  active',
      '',
    ]);
    expect(await done('stop web@1')).toContain('Unit web@1.service loaded on ');
    expect(await done('load web@2')).toContain('Unit web@2.service loaded on ');
    expect(await done('start web@*')).toContain('Unit web@2.service launched on ');
    expect(await done('unload web@1')).toBe('Unit web@1.service inactive\n');
    expect(await done('cat web@1')).toBe(contents);
    expect(await done('destroy web@*')).toBe(
      'Destroyed web@.service\nDestroyed web@1.service\nDestroyed web@2.service\n',
    );
    expect(await done('list-unit-files --no-legend')).toBe('');
  });

  test('on services', async () => {
    await writeFile(join(folder, 'app@.service'), `${contents}[X-Flotilla]\nService=app\nPort=500%i\n`);
    await done('start DIR/app@{1..2}');
    expect(await done('services app --no-legend --fields service,port,unit')).toBe(
      'app  5001  app@1.service\napp  5002  app@2.service\n',
    );
    await done('stop app@1');
    expect(await done('services --no-legend --fields unit')).toBe('app@2.service\n');
  });

  test('on a file that is replaced', async () => {
    await done('start DIR/web@1.service');
    await writeFile(join(folder, 'web@.service'), `${contents}Restart=always\n`);
    await done('start --replace DIR/web@1.service');
    expect(await done('cat web@1')).toContain('Restart=always');
  });

  test('on why a unit is where it is, and what happened', async () => {
    await done('start DIR/web@1.service');
    expect(await done('explain web@1')).toMatch(
      /^web@1\.service: launched on core-\d: .*\n\nMACHINE +FITS +WHY\ncore-1 /,
    );
    const events = await done('events --json');
    const kinds = events
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).kind);
    expect(kinds).toEqual(expect.arrayContaining(['machine', 'leader', 'unit', 'placement', 'state']));
    expect(await done('top --no-legend --fields machine,units,weight')).toMatch(/^core-\d {2}1 {2}1$/m);
  });

  test('on what is wrong with a unit where it is', async () => {
    await writeFile(join(folder, 'app.service'), `${contents}[X-Flotilla]\nReady=http :80\n`);
    for (const { unready } of cluster.machines) unready.add('app.service');
    await done('start --no-block DIR/app.service');
    await cluster.clock.advance(5000);
    expect(await done('explain app')).toMatch(/^app\.service: not ready: .+, on core-\d$/m);
    await writeFile(join(folder, 'ends.service'), '[Service]\nExecStart=/bin/false\n');
    await done('start --no-block DIR/ends.service');
    await cluster.clock.advance(1000);
    expect(await done('explain ends')).toMatch(/^ends\.service: failed: exit-code, on core-\d$/m);
  });

  test('on machines that are taken out and come back', async () => {
    await done('start DIR/web@{1..4}.service');
    const drained = await done('drain core-1');
    expect(drained).toBe('Machine core-1 is drained\n');
    expect(await done('list-machines --no-legend --fields name,note')).toContain('core-1  draining: ');
    expect(await done('top --no-legend --fields machine,units')).toBe('core-1  0\ncore-2  4\n');
    expect(await done('explain web@1')).toMatch(/^core-1 +no +.*draining/m);
    await done('uncordon core-1');
    expect((await done('rebalance --max-moves 2')).match(/^web@\d\.service +core-1 /gm)).toHaveLength(2);
    await cluster.clock.advance(60_000);
    expect(await done('top --no-legend --fields machine,units')).toBe('core-1  2\ncore-2  2\n');
    await done('cordon core-2 --reason disk');
    expect(await done('list-machines --no-legend --fields name,note')).toContain('core-2  cordoned: disk');
  });

  test('on rollouts', async () => {
    expect(await done('rollout status')).toBe('There is no rollout.\n');
    await done('start DIR/web@{1..2}.service');
    await writeFile(join(folder, 'web@.service'), `${contents}Restart=always\n`);
    await done('start --replace DIR/web@{1..2}.service');
    expect(await done('rollout status')).toMatch(/^web@\.service +complete +2\/2 /m);
    expect(await cli.flotilla('rollout pause web@')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(
        /answered 409: .*; `flotilla rollout status` shows the rollouts there are\n$/,
      ),
    });
    expect(await done('rollout undo')).toMatch(/^Rollout web@\.service is \S+ \(\d\/2\): /);
  });

  test('on what the cluster refuses', async () => {
    await writeFile(join(folder, 'bad.service'), `${contents}[X-Fleet]\nConflict=a\nGlobal=perhaps\n`);
    const { status, stderr } = await cli.flotilla(`start ${folder}/bad.service`);
    expect(status).toBe(1);
    expect(stderr).toMatch(/answered 400: bad\.service:4: .*\nbad\.service:5: .*; correct the unit file\n$/);
  });
});
