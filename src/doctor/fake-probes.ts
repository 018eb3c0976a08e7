import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { HostFacts } from '../qemu/host-facts.ts';
import type { FakeMachine } from '../ssh/fake.ts';
import type { Connect } from '../ssh/pool.ts';
import type { HttpAnswer, KvmState, Probes, Ran } from './probes.ts';

const manifest = readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8');

/** Plugins of the versions that the clone pins, as `pulumi plugin ls --json` lists them. */
function stockPlugins() {
  const { dependencies } = z
    .object({ dependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(manifest));
  return ['aws', 'digitalocean'].map((name) => {
    return { name, kind: 'resource', version: dependencies[`@pulumi/${name}`] };
  });
}

/** A computer in memory on which nothing is missing. Tests change what they are about. */
export class FakeProbes implements Probes {
  nodeVersion = '22.23.3';
  environment: Record<string, string> = {};
  cpus = 4;
  time = Date.UTC(2026, 10, 26, 10, 0, 0);
  /** What a program prints, by its command line; a name alone stands for all of its lines. */
  readonly programs = new Map<string, Partial<Ran>>([
    ['pulumi version', { stdout: 'v3.259.0\n' }],
    [
      'pulumi whoami --json --non-interactive',
      { stdout: '{"user": "ada", "url": "https://api.pulumi.com/ada"}' },
    ],
    ['pulumi stack --show-name --non-interactive', { stdout: 'local\n' }],
    ['pulumi plugin ls --json', { stdout: JSON.stringify(stockPlugins()) }],
    // `command -v` finds nothing.
    ['sh', { status: 127 }],
    ['timedatectl', { stdout: 'yes\n' }],
  ]);
  /** By the end of its path. */
  readonly files = new Map<string, string>([
    // The clone's own: in another one, checks would find what they no longer find there.
    ['package.json', manifest],
  ]);
  free = 20 * 1024 ** 3;
  /** Port → the code of the error. */
  readonly ports = new Map<number, string>();
  /** Ports of the stack's switch. */
  held: readonly number[] = [];
  /** By the URL without its query. */
  readonly answers = new Map<string, HttpAnswer>();
  /** By address. */
  closed = false;
  readonly machines = new Map<string, FakeMachine>();
  facts: HostFacts = {
    platform: 'linux',
    arch: 'x64',
    qemuVersion: '10.0.2',
    canBuild: undefined,
    missingPrograms: [],
    memory: 8000,
    disk: 20 * 1024 ** 3,
    cacheDisk: undefined,
    existing: [],
    running: [],
  };
  kvmState: KvmState = { accelerator: 'kvm', reason: 'a kernel booted under KVM' };
  templates = 512 * 1024 ** 2;
  /** Command lines that were run. */
  readonly ran: string[] = [];

  now = () => this.time;

  async run([program = '', ...args]: readonly string[], signal: AbortSignal): Promise<Ran> {
    const name = program.slice(program.lastIndexOf('/') + 1);
    const line = [name, ...args].join(' ');
    this.ran.push(line);
    signal.throwIfAborted();
    const outcome = this.programs.get(line) ?? this.programs.get(name);
    if (!outcome) throw new Error(`${program} can't be run: it is not there`);
    return { status: 0, stdout: '', stderr: '', ...outcome };
  }

  async readFile(path: string): Promise<string | undefined> {
    return [...this.files].find(([end]) => path.endsWith(`/${end}`))?.[1];
  }

  async diskFree(): Promise<number> {
    return this.free;
  }

  async portTaken(port: number): Promise<string | undefined> {
    return this.ports.get(port);
  }

  get: Probes['get'] = async (url) => {
    const answer = this.answers.get(url.replace(/\?.*$/, ''));
    if (!answer) throw new Error(`${url} does not answer`);
    return answer;
  };

  connect: Connect = async ({ host }) => {
    const machine = this.machines.get(host);
    if (!machine) throw new Error(`${host} does not answer`);
    return machine.connect();
  };

  async close(): Promise<void> {
    this.closed = true;
  }

  async hostFacts(): Promise<HostFacts> {
    return this.facts;
  }

  async kvm(): Promise<KvmState> {
    return this.kvmState;
  }

  async heldPorts(): Promise<readonly number[]> {
    return this.held;
  }

  async templateBytes(): Promise<number> {
    return this.templates;
  }
}
