import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HostKeyError } from '../ssh/errors.ts';
import { startTestBastion } from '../ssh/test-bastion.ts';
import { startTestServer, type TestServer } from '../ssh/test-server.ts';
import { type Cluster, openCluster } from './cluster.ts';
import type { KnownMachine, StackConnection } from './stack.ts';

let folder: string;
let server: TestServer;
let stack: StackConnection;
let machine: KnownMachine;
let cluster: Cluster;
const stop = { current: new AbortController() };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-cluster-'));
  // The machine's sudo: shows that it was asked, and runs the command.
  const sudo = join(folder, 'sudo');
  await writeFile(sudo, '#!/bin/sh\nshift 2\necho "as root"\nexec "$@"\n');
  await chmod(sudo, 0o755);
  const started = await startTestServer({ env: { ...process.env, PATH: `${folder}:${process.env.PATH}` } });
  server = started.server;
  const { name, user, privateKey, host, port, hostKey } = started.target;
  machine = { name, host, port, user, hostKey, id: '1'.repeat(32), address: '10.0.0.1', etcd: true };
  stack = { privateKey, machines: [machine] };
  cluster = await open();
});

afterEach(async () => {
  await cluster.close();
  await server.close();
  await rm(folder, { recursive: true });
});

function open(sshAgent?: string): Promise<Cluster> {
  stop.current = new AbortController();
  return openCluster({ sshAgent, log: () => undefined, signal: stop.current.signal }, async () => stack);
}

function terminal() {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  return { stdin, stdout, stderr };
}

describe('running a program on a machine', () => {
  test('passes input, output and exit status on', async () => {
    const streams = terminal();
    streams.stdin.end('hello\n');
    const argv = ['sh', '-c', 'cat; echo "it is" "$0" >&2; exit 7', "o'clock"];
    expect(await cluster.run(machine, { argv, root: false }, streams)).toBe(7);
    expect(await text(streams.stdout.end())).toBe('hello\n');
    expect(await text(streams.stderr.end())).toBe("it is o'clock\n");
  });

  test('goes through sudo for what needs root', async () => {
    const streams = terminal();
    streams.stdin.end();
    expect(await cluster.run(machine, { argv: ['echo', 'done'], root: true }, streams)).toBe(0);
    expect(await text(streams.stdout.end())).toBe('as root\ndone\n');
  });

  test('its own signal ends it also while the machine does not answer, and no dial outlives the cluster', async () => {
    const silent = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const mute = { ...machine, port: typeof address === 'object' ? (address?.port ?? 0) : 0 };
    const program = { argv: ['true'], root: false, signal: AbortSignal.timeout(100) };
    await expect(cluster.run(mute, program, terminal())).rejects.toThrow('timeout');
    const began = Date.now();
    await cluster.close();
    expect(Date.now() - began).toBeLessThan(2000);
    silent.close();
  });

  test('prints as it comes, and Ctrl-C ends it with 130', async () => {
    const streams = terminal();
    const argv = ['sh', '-c', 'echo first; sleep 60'];
    const running = cluster.run(machine, { argv, root: false }, streams);
    expect(String(await new Promise((resolve) => streams.stdout.once('data', resolve)))).toBe('first\n');
    stop.current.abort();
    expect(await running).toBe(130);
  });

  test('lends the ssh-agent to the program that shall have it, and to no other', async () => {
    await cluster.close();
    cluster = await open(join(folder, 'agent.sock'));
    const argv = ['true'];
    expect(await cluster.run(machine, { argv, root: false }, terminal())).toBe(0);
    expect(server.forwardedAgents).toBe(0);
    expect(await cluster.run(machine, { argv, root: false, forwardAgent: true }, terminal())).toBe(0);
    expect(server.forwardedAgents).toBe(1);
  });

  test('opens a socket of the machine', async () => {
    const path = join(folder, 'echo.sock');
    const echo = createServer((stream) => stream.pipe(stream)).listen(path);
    const socket = await cluster.openSocket(machine, path);
    socket.end('hello');
    expect(await text(socket)).toBe('hello');
    await new Promise((resolve) => echo.close(resolve));
  });

  test('refuses a machine that proves another host key than the stack knows', async () => {
    await cluster.close();
    const other = await startTestServer();
    await other.server.close();
    stack = { ...stack, machines: [{ ...machine, hostKey: other.target.hostKey }] };
    cluster = await open();
    const [impostor] = cluster.machines;
    const run = impostor && cluster.run(impostor, { argv: ['true'], root: false }, terminal());
    await expect(run).rejects.toThrow(HostKeyError);
    expect(server.authentications).toBe(0);
  });

  test('goes through the bastion that the stack names, for sessions and sockets', async () => {
    await cluster.close();
    const bastion = await startTestBastion();
    stack = { ...stack, machines: [{ ...machine, proxyJump: bastion.jump }] };
    cluster = await open();
    const [behind] = cluster.machines;
    if (!behind) throw new Error('the stack has no machine');
    const streams = terminal();
    expect(await cluster.run(behind, { argv: ['echo', 'in'], root: false }, streams)).toBe(0);
    expect(await text(streams.stdout.end())).toBe('in\n');
    const path = join(folder, 'echo.sock');
    const echo = createServer((stream) => stream.pipe(stream)).listen(path);
    const socket = await cluster.openSocket(behind, path);
    socket.end('hello');
    expect(await text(socket)).toBe('hello');
    expect(bastion.server.forwards).toEqual([`127.0.0.1:${machine.port}`]);
    await new Promise((resolve) => echo.close(resolve));
    await bastion.close();
  });
});
