import { PassThrough } from 'node:stream';
import { AgentApi } from '../push/api.ts';
import { FakeAgent, fakeMachine } from '../push/fake-agent.ts';
import type { RemoteProgram } from './cluster.ts';
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
}

/** A cluster of three machines for the commands' tests. Programs end with `exitStatus` and print their name. */
export class FakeCluster {
  readonly agent: FakeAgent;
  readonly machines: readonly KnownMachine[];
  env: Record<string, string> = {};
  exitStatus = 0;
  /** Stands in for the stack's outputs being unreadable. */
  openError: Error | undefined;

  constructor() {
    const first = fakeMachine('core-1', {
      id: `11${'0'.repeat(30)}`,
      metadata: { tier: 'web', disk: 'ssd' },
    });
    const second = fakeMachine('core-2', { id: `12${'0'.repeat(30)}` });
    const third = fakeMachine('worker-1', { id: `22${'0'.repeat(30)}`, address: '10.0.0.11' });
    this.agent = new FakeAgent([first, second, third]);
    this.machines = this.agent.machines.map(({ name, id, address }) => ({
      ...{ name, id, address },
      ...{ host: '127.0.0.1', port: 22, hostKey: 'ssh-ed25519 AAAA' },
    }));
  }

  /** Runs a command line; a line is split at blanks, an array is taken as it is. */
  async flotilla(line: string | readonly string[]): Promise<Result> {
    const stdout = capture();
    const stderr = capture();
    const programs: string[] = [];
    const stacks: (string | undefined)[] = [];
    const runProgram = async (machine: KnownMachine, { argv, root }: RemoteProgram) => {
      programs.push(
        `${machine.name}${root ? ' root' : ''}: ${argv === undefined ? '(shell)' : JSON.stringify(argv)}`,
      );
      stdout.stream.write(`output of ${argv?.[0] ?? 'shell'} on ${machine.name}\n`);
      return this.exitStatus;
    };
    const status = await run(typeof line === 'string' ? line.split(' ').filter(Boolean) : line, {
      terminal: { stdin: new PassThrough(), stdout: stdout.stream, stderr: stderr.stream },
      env: this.env,
      signal: new AbortController().signal,
      outcome: { status: 0, debug: false },
      openCluster: async ({ stack, log, signal }) => {
        stacks.push(stack);
        if (this.openError) throw this.openError;
        const api = new AgentApi([this.agent.gateway('core-1')], { log, signal, deadlines: { choose: 1 } });
        return { api, machines: this.machines, run: runProgram, close: async () => undefined };
      },
    });
    return { status, stdout: stdout.text(), stderr: stderr.text(), programs, stacks };
  }
}

function capture(): { readonly stream: PassThrough; text(): string } {
  const stream = new PassThrough();
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { stream, text: () => text };
}
