import { type Duplex, duplexPair, PassThrough } from 'node:stream';
import { FakeProbes } from '../doctor/fake-probes.ts';
import type { MachineView } from '../model/api.ts';
import { AgentApi } from '../push/api.ts';
import { FakeAgent, fakeMachine } from '../push/fake-agent.ts';
import type { Gateway } from '../push/gateway.ts';
import type { PollClock } from '../push/poll-clock.ts';
import { ConnectionLostError } from '../ssh/errors.ts';
import type { FakeMachine } from '../ssh/fake.ts';
import type { Terminal } from '../ssh/interactive.ts';
import type { Cluster, OpenOptions, RemoteProgram } from './cluster.ts';
import { interrupted } from './failure.ts';
import { run } from './program.ts';
import type { KnownMachine } from './stack.ts';

/** What one command line did. */
export interface Result {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Programs it ran on machines: `core-1: systemctl status …`, with `root` where it asked for that. */
  readonly programs: readonly string[];
  /** The stack it asked for, when it opened the cluster. */
  readonly stacks: readonly (string | undefined)[];
  /** And which cluster of it. */
  readonly clusters: readonly (string | undefined)[];
}

/** A cluster of three machines for the commands' tests. Programs end with `exitStatus` and print their name. */
export class FakeCluster {
  readonly agent: FakeAgent;
  readonly machines: readonly KnownMachine[];
  /** The way to the agent. */
  gateway: Gateway;
  env: Record<string, string> = {};
  clone: string | undefined = '/clone';
  /** What `doctor` sees of the world. */
  readonly probes = new FakeProbes();
  /** What `connect` leads to, by name. */
  readonly connectable = new Map<string, FakeMachine>();
  exitStatus = 0;
  /** What a program prints instead of its name: standard output, by machine. */
  output: (machine: string, argv: readonly string[]) => string | undefined = () => undefined;
  /** Whether a program goes on until somebody ends it, or its machine is lost. */
  endless: (machine: string) => boolean = () => false;
  /** What answers at a unix socket of a machine. */
  socket: (machine: string, path: string, stream: Duplex) => void = () => undefined;
  /** Hears of all that was printed so far, each time there is more. */
  onOutput: (text: string) => void = () => undefined;
  /** The same for standard error. */
  onError: (text: string) => void = () => undefined;
  /** Runs while a command sleeps between two looks at the cluster: the place to change something. */
  onSleep: (milliseconds: number) => void | Promise<void> = () => undefined;
  /** Standard input. */
  input = '';
  #stop = new AbortController();
  /** Of machines that run endless programs. */
  readonly #lost = new Map<string, AbortController>();
  /** Stands in for the stack's outputs being unreadable. */
  openError: Error | undefined;

  constructor(machines: readonly MachineView[] = threeMachines()) {
    this.agent = new FakeAgent(machines);
    this.gateway = this.agent.gateway('core-1');
    this.machines = this.agent.machines.map(({ name, id, address }) => ({
      ...{ name, id, address },
      ...{ host: '127.0.0.1', port: 22, user: 'core', hostKey: 'ssh-ed25519 AAAA', etcd: true },
    }));
  }

  /** Ctrl-C. */
  interrupt(): void {
    this.#stop.abort(new Error('interrupted'));
  }

  /** Cuts the connection to a machine: its endless programs are heard of no more. */
  lose(machine: string): void {
    this.#lost.get(machine)?.abort(new ConnectionLostError(`Lost the connection to ${machine}.`));
    this.#lost.delete(machine);
  }

  /** What an endless program ends with: Ctrl-C, its own signal, or the connection. */
  #endOf(machine: string, { signal }: RemoteProgram): Promise<number> {
    const lost = this.#lost.get(machine) ?? new AbortController();
    this.#lost.set(machine, lost);
    return new Promise((resolve, reject) => {
      this.#stop.signal.addEventListener('abort', () => resolve(interrupted));
      for (const end of [lost.signal, signal]) end?.addEventListener('abort', () => reject(end.reason));
    });
  }

  /** Runs a command line; a line is split at blanks, an array is taken as it is. */
  async flotilla(line: string | readonly string[]): Promise<Result> {
    const stdout = recordingStream((text) => this.onOutput(text));
    const stderr = recordingStream((text) => this.onError(text));
    const programs: string[] = [];
    const stacks: (string | undefined)[] = [];
    const clusters: (string | undefined)[] = [];
    this.#stop = new AbortController();
    const stdin = new PassThrough();
    stdin.end(this.input);
    const status = await run(typeof line === 'string' ? line.split(' ').filter(Boolean) : line, {
      terminal: { stdin, stdout: stdout.stream, stderr: stderr.stream },
      env: this.env,
      signal: this.#stop.signal,
      clock: this.#clock(),
      clone: this.clone,
      probes: async () => this.probes,
      outcome: { status: 0, debug: false },
      openCluster: async (options) => {
        stacks.push(options.stack);
        clusters.push(options.cluster);
        return this.#open(options, programs);
      },
    });
    return { status, stdout: stdout.text(), stderr: stderr.text(), programs, stacks, clusters };
  }

  /** Time passes only while somebody sleeps. */
  #clock(): PollClock {
    let now = 0;
    return {
      now: () => now,
      sleep: async (milliseconds) => {
        now += milliseconds;
        await this.onSleep(milliseconds);
      },
    };
  }

  #open({ log, signal }: OpenOptions, programs: string[]): Cluster {
    if (this.openError) throw this.openError;
    return {
      api: new AgentApi([this.gateway], { log, signal, deadlines: { choose: 1 } }),
      machines: this.machines,
      run: (machine, program, terminal) => {
        programs.push(told(machine, program));
        return this.#run(machine, program, terminal);
      },
      connect: async ({ name }) => {
        const machine = this.connectable.get(name);
        if (!machine) throw new Error(`${name} did not answer SSH within 30 s`);
        return machine.connect();
      },
      openSocket: async (machine, path) => {
        const [near, far] = duplexPair();
        this.socket(machine.name, path, far);
        return near;
      },
      close: async () => undefined,
    };
  }

  async #run({ name }: KnownMachine, program: RemoteProgram, { stdout }: Terminal): Promise<number> {
    const { argv } = program;
    stdout.write(this.output(name, argv ?? []) ?? `output of ${argv?.[0] ?? 'shell'} on ${name}\n`);
    return this.endless(name) ? await this.#endOf(name, program) : this.exitStatus;
  }
}

/** As a line of `Result.programs`. */
function told({ name }: KnownMachine, { argv, root, forwardAgent }: RemoteProgram): string {
  const how = `${root ? ' root' : ''}${forwardAgent ? ' agent' : ''}`;
  return `${name}${how}: ${argv === undefined ? '(shell)' : JSON.stringify(argv)}`;
}

function recordingStream(onText: (text: string) => void = () => undefined): {
  readonly stream: PassThrough;
  text(): string;
} {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    onText(text);
  });
  return { stream, text: () => text };
}

export function threeMachines(): readonly MachineView[] {
  const first = fakeMachine('core-1', {
    id: `11${'0'.repeat(30)}`,
    metadata: { tier: 'web', disk: 'ssd' },
  });
  const second = fakeMachine('core-2', { id: `12${'0'.repeat(30)}` });
  const third = fakeMachine('worker-1', { id: `22${'0'.repeat(30)}`, address: '10.0.0.11' });
  return [first, second, third];
}
