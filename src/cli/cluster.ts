import type { Duplex } from 'node:stream';
import { reminding } from '../model/remind.ts';
import { AgentApi } from '../push/api.ts';
import { changeTakers, sshGateway } from '../push/gateway.ts';
import { abortable } from '../push/http.ts';
import type { Connection, SshTarget } from '../ssh/connection.ts';
import { interactive, type Terminal } from '../ssh/interactive.ts';
import { type Connect, ConnectionPool } from '../ssh/pool.ts';
import { Ssh2Connection } from '../ssh/ssh2.ts';
import { interrupted } from './failure.ts';
import { type KnownMachine, readStack, type StackConnection } from './stack.ts';

/** The cluster that a command works on. */
export interface Cluster {
  readonly api: AgentApi;
  /** The machines of the stack, in its order. */
  readonly machines: readonly KnownMachine[];
  /** Joins a command, or a login shell, on the machine to the terminal; returns its exit status. */
  run(machine: KnownMachine, program: RemoteProgram, terminal: Terminal): Promise<number>;
  /** The connection to the machine that all share; nobody closes it but `close`. */
  connect(machine: KnownMachine): Promise<Connection>;
  /** A stream to a unix socket on the machine. */
  openSocket(machine: KnownMachine, path: string): Promise<Duplex>;
  close(): Promise<void>;
}

export interface RemoteProgram {
  /** Undefined for a login shell. */
  readonly argv: readonly string[] | undefined;
  readonly root: boolean;
  /** It may use the ssh-agent of this computer (ForwardAgent in ssh_config(5)). */
  readonly forwardAgent?: boolean;
  /** Ends it before its time; `run` then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface OpenOptions {
  /** Name of the Pulumi stack; the selected one when it is left out. */
  readonly stack?: string | undefined;
  /** Which of the stack's clusters; the only one when it is left out. */
  readonly cluster?: string | undefined;
  /** Path of the ssh-agent's socket on this computer, for programs that it is forwarded to. */
  readonly sshAgent?: string | undefined;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

/** The cluster of a Pulumi stack, over SSH. Nothing is connected to before it is needed. */
export async function openCluster(
  options: OpenOptions,
  read: (query: OpenOptions) => Promise<StackConnection> = readStack,
): Promise<Cluster> {
  const stack = await read(options);
  const pool = new ConnectionPool();
  const target = (machine: KnownMachine) => targetOf(stack, machine);
  const takers = changeTakers(stack.machines);
  const gateways = takers.map((machine) => sshGateway(pool, target(machine), options.log));
  const closed = new AbortController();
  const dialing = { log: options.log, signal: AbortSignal.any([options.signal, closed.signal]) };
  const connect = (machine: KnownMachine) => pool.get(target(machine), dialing);
  return {
    api: new AgentApi(gateways, options),
    machines: stack.machines,
    run: (machine, program, terminal) => {
      const dial = (to: SshTarget) => pool.get(to, dialing);
      return runOn(dial, target(machine), program, terminal, options);
    },
    connect,
    openSocket: async (machine, path) => {
      const connection = await connect(machine);
      const what = () => `${machine.name} to open ${path}`;
      return await reminding(options.log, what, connection.openSocket(path));
    },
    async close() {
      closed.abort(new Error('the cluster was closed'));
      await pool.close();
    },
  };
}

async function runOn(
  dial: Connect,
  target: SshTarget,
  program: RemoteProgram,
  terminal: Terminal,
  { log, signal, sshAgent }: OpenOptions,
): Promise<number> {
  const { forwardAgent = false } = program;
  const forwarding = forwardAgent && sshAgent !== undefined ? { ...target, sshAgent } : target;
  const connecting = dial(forwarding);
  // The dial itself goes on: it may be shared.
  const connection = await (program.signal ? abortable(connecting, program.signal) : connecting);
  if (!(connection instanceof Ssh2Connection)) throw new Error('the pool dialed something else than SSH');
  // Without a pty no Ctrl-C reaches the program. Closing does: sshd hangs up on it.
  const hangUp = () => void connection.close();
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    return await interactive(connection, asRoot(program, target.user), terminal, {
      signal: program.signal,
      log,
    });
  } catch (error) {
    if (signal.aborted) return interrupted;
    throw error;
  } finally {
    signal.removeEventListener('abort', hangUp);
  }
}

function asRoot({ argv, root }: RemoteProgram, user: string): readonly string[] | undefined {
  return argv !== undefined && root && user !== 'root' ? ['sudo', '-n', '--', ...argv] : argv;
}

function targetOf({ privateKey }: StackConnection, machine: KnownMachine): SshTarget {
  const { name, host, port, user, hostKey, proxyJump, platform } = machine;
  return { name, host, port, user, hostKey, privateKey, proxyJump, platform };
}
