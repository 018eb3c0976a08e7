import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { environmentLines } from '../model/machine-environment.ts';
import { type Authority, createAuthority } from '../pki/authority.ts';
import { type Call, FakeMachine, type Outcome } from '../ssh/fake.ts';
import { programName } from '../ssh/script.ts';
import { versionOf } from './agent-files.ts';
import { type AgentMachine, type AgentOptions, installAgents, staleAgents } from './agents.ts';
import { FakeAgent, fakeMachine } from './fake-agent.ts';

const bundle = { bytes: Buffer.from('agent'), sha256: 'ab'.repeat(32) };
let authority: Authority;

beforeAll(async () => {
  authority = await createAuthority({ name: 'test' });
});

test.each<[what: string, outcome: Outcome, message: string]>([
  [
    'its last lines',
    { status: 1, stderr: 'reading\nsh: 1\ncannot open\nopenssl: not found\n' },
    'inspect-agent on core-1 ended with status 1: sh: 1; cannot open; openssl: not found. ' +
      'Once that is mended, `npm run up` goes on',
  ],
  [
    'that it said nothing',
    { status: 137 },
    'inspect-agent on core-1 ended with status 137: it said nothing.',
  ],
])('a command that fails is named with its machine and %s', async (_, outcome, message) => {
  const ssh = new FakeMachine({ name: 'core-1' });
  ssh.programs.set('inspect-agent', () => outcome);
  const { id, ...machine } = fakeMachine('core-1');
  const settings = { machine, endpoints: ['10.0.0.1:2379'], engines: ['core-1'] };
  const installing = installAgents([{ name: 'core-1', id, settings, connect: async () => ssh.connect() }], {
    bundle,
    authority,
    log: () => undefined,
  });
  await expect(installing).rejects.toThrow(message);
});

test.each(['root', 'c0', ''])('nothing is signed for %j, which is no machine id', async (id) => {
  const ssh = new FakeMachine({ name: 'core-1' });
  ssh.programs.set('inspect-agent', () => ({ stdout: '\n\n\n' }));
  const { id: _, ...machine } = fakeMachine('core-1');
  const settings = { machine, endpoints: ['10.0.0.1:2379'], engines: ['core-1'] };
  const installing = installAgents([{ name: 'core-1', id, settings, connect: async () => ssh.connect() }], {
    bundle,
    authority,
    log: () => undefined,
  });
  await expect(installing).rejects.toThrow(`core-1: ${JSON.stringify(id)} is no machine id`);
  expect(ssh.commands.map(programName)).toEqual(['inspect-agent']);
});

describe('a machine', () => {
  const root = mkdtempSync(join(tmpdir(), 'flotilla-agents-'));
  let folder: string;
  let ssh: FakeMachine;
  let log: string[];
  let options: AgentOptions;

  beforeEach(async () => {
    folder = mkdtempSync(join(root, 'machine-'));
    mkdirSync(join(folder, 'etc'));
    ssh = new FakeMachine({ name: 'core-1' });
    for (const program of ['inspect-agent', 'write-files']) ssh.programs.set(program, runHere);
    ssh.programs.set('systemctl', () => ({}));
    log = [];
    options = { bundle, authority, log: (line) => log.push(line) };
    await installAgents([at('10.0.0.1')], options);
  });

  afterAll(() => rmSync(root, { recursive: true }));

  /** The real script by the real shell, with this machine's folder for its root. */
  function runHere({ args }: Call): Outcome {
    const { argv = [], stdin = '' } = ssh.commands.at(-1) ?? {};
    const moved = args.map((arg) => (arg.startsWith('/') ? join(folder, arg) : arg));
    const owned = moved.map((arg) => (arg === 'root' ? userInfo().username : arg));
    const { status, ...said } = spawnSync('sh', [...argv.slice(1, 4), ...owned], {
      input: stdin,
      encoding: 'utf8',
    });
    return { status: status ?? 128, ...said };
  }

  function at(address: string): AgentMachine {
    const view = fakeMachine('core-1', { version: versionOf(bundle) });
    const machine = { name: 'core-1', address, metadata: {} };
    const settings = { machine, endpoints: ['10.0.0.1:2379'], engines: ['core-1'] };
    const { connect } = new FakeAgent([view]).gateway('core-1', ssh);
    return { name: 'core-1', id: view.id, settings, connect };
  }

  const file = (path: string) => join(folder, 'etc', path);
  const read = (path: string) => readFileSync(file(path), 'utf8');
  const environmentAt = (address: string) => `${environmentLines({ name: 'core-1', address })}\n`;

  /** What was run since. */
  async function commandsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
    const before = ssh.commands.length;
    await work();
    return ssh.commands.slice(before).map(programName);
  }

  test('has its name and address in /etc/environment before its agent comes', () => {
    expect(ssh.commands.map(programName)).toEqual(['inspect-agent', 'write-files']);
    expect(read('environment')).toBe(environmentAt('10.0.0.1'));
    expect(existsSync(file('flotilla/agent.ready'))).toBe(true);
    expect(log).toEqual([expect.stringContaining('installing agent')]);
  });

  test('that is as it should be is only looked at', async () => {
    expect(await staleAgents([at('10.0.0.1')], options)).toEqual([]);
    expect(await commandsOf(() => installAgents([at('10.0.0.1')], options))).toEqual(['inspect-agent']);
  });

  test('whose /etc/environment somebody emptied is stale, and gets it back without a restart', async () => {
    writeFileSync(file('environment'), 'PROXY=x\n');
    expect(await staleAgents([at('10.0.0.1')], options)).toEqual(['core-1']);
    expect(read('environment')).toBe('PROXY=x\n');
    expect(await commandsOf(() => installAgents([at('10.0.0.1')], options))).toEqual(['inspect-agent']);
    expect(read('environment')).toBe(`${environmentAt('10.0.0.1')}PROXY=x\n`);
    expect(log.at(-1)).toBe('core-1: /etc/environment written; units have it from their next start on');
  });

  test('with another address has that one, and its agent restarted', async () => {
    expect(await staleAgents([at('10.0.0.9')], options)).toEqual(['core-1']);
    expect(await commandsOf(() => installAgents([at('10.0.0.9')], options))).toEqual([
      ...['inspect-agent', 'write-files', 'systemctl'],
    ]);
    expect(read('environment')).toBe(environmentAt('10.0.0.9'));
    expect(JSON.parse(read('flotilla/agent.json'))).toMatchObject({ address: '10.0.0.9' });
    expect(await staleAgents([at('10.0.0.9')], options)).toEqual([]);
  });

  test('gets the key of the authority for services where agents lead, for root alone, and no other machine does', async () => {
    const services = await createAuthority({ name: 'services' });
    const withServices = (engines: readonly string[]) => {
      const machine = at('10.0.0.1');
      return { ...machine, settings: { ...machine.settings, engines, services } };
    };
    expect(await staleAgents([withServices([])], options)).toEqual(['core-1']);
    await installAgents([withServices([])], options);
    expect(read('flotilla/pki/services-ca.crt')).toBe(services.certificate);
    expect(existsSync(file('flotilla/pki/services-ca.key'))).toBe(false);
    expect(JSON.parse(read('flotilla/agent.json')).services).not.toHaveProperty('key');
    const leading = withServices(['core-1']);
    expect(await staleAgents([leading], options)).toEqual(['core-1']);
    await installAgents([leading], options);
    expect(read('flotilla/pki/services-ca.key')).toBe(services.privateKey);
    expect(statSync(file('flotilla/pki/services-ca.key')).mode & 0o777).toBe(0o600);
    expect(JSON.parse(read('flotilla/agent.json'))).toMatchObject({
      services: { ca: '/etc/flotilla/pki/services-ca.crt', key: '/etc/flotilla/pki/services-ca.key' },
    });
    expect(await staleAgents([leading], options)).toEqual([]);
    rmSync(file('flotilla/pki/services-ca.key'));
    expect(await staleAgents([leading], options)).toEqual(['core-1']);
  });

  test('whose /etc takes no files keeps its agent, and the message says what to do', async () => {
    mkdirSync(file('environment.new'));
    const commands = await commandsOf(async () => {
      await expect(installAgents([at('10.0.0.9')], options)).rejects.toThrow(
        /^inspect-agent on core-1 ended with status 1: .*environment can't be written: see whether the disk there is full or read-only. Once that is mended, `npm run up` goes on$/,
      );
    });
    expect(commands).toEqual(['inspect-agent']);
    expect(read('environment')).toBe(environmentAt('10.0.0.1'));
    expect(JSON.parse(read('flotilla/agent.json'))).toMatchObject({ address: '10.0.0.1' });
  });
});
