import { type Duplex, duplexPair } from 'node:stream';
import type { SshTarget } from './connection.ts';
import {
  type Command,
  type CommandResult,
  type Connection,
  defaultTimeout,
  type Listening,
  outputLimit,
  type PortOptions,
} from './connection.ts';
import { ConnectionLostError } from './errors.ts';
import { programArguments, programName } from './script.ts';
import { whenAborted } from './when-aborted.ts';

/** What a program of the fake machine gets to see. */
export interface Call {
  readonly args: readonly string[];
  readonly stdin: string;
  readonly root: boolean;
  /** Fires when the caller gave up or the connection was lost. */
  readonly signal: AbortSignal;
}

export type Outcome = Partial<CommandResult>;
export type Program = (call: Call) => Outcome | Promise<Outcome>;

/** `before`: the command never reached the machine. `after`: it took effect, but its result got lost. */
export type Cut = { readonly command: number; readonly when: 'before' | 'after' };

/**
 * A machine in memory: programs by name (a script's name, or `argv[0]`), unix sockets by path, and TCP ports. It
 * remembers every command and can cut its connections at any of them, so a test can try each place where a run may
 * end.
 */
export class FakeMachine {
  readonly target: SshTarget;
  readonly programs = new Map<string, Program>();
  readonly sockets = new Map<string, (stream: Duplex) => void>();
  readonly ports = new Map<number, (stream: Duplex) => void>();
  /** Ports of hosts that it reaches, by `host:port`. */
  readonly hosts = new Map<string, (stream: Duplex) => void>();
  readonly commands: Command[] = [];
  /** The connections are lost around this command, counted from 0 over the machine's life. */
  cut: Cut | undefined;
  readonly #connections = new Set<FakeConnection>();
  /** The next port that it gives away. */
  #free = 40_000;

  constructor(target: Partial<SshTarget> = {}) {
    const hostKey = `ssh-ed25519 ${Buffer.from('fake').toString('base64')}`;
    this.target = {
      name: 'fake-1',
      host: '127.0.0.1',
      port: 22,
      user: 'core',
      privateKey: '',
      hostKey,
      ...target,
    };
  }

  connect(): FakeConnection {
    const connection = new FakeConnection(this);
    this.#connections.add(connection);
    return connection;
  }

  /** As if the network went away: every command under way fails, every socket closes. */
  loseConnections(): void {
    for (const connection of this.#connections) connection.lose();
    this.#connections.clear();
  }

  /** Whoever opens the port on this machine gets to `serve`, until the returned function is called. */
  lend(serve: (stream: Duplex) => void): { readonly port: number; take(): void } {
    const port = this.#free++;
    this.ports.set(port, serve);
    return { port, take: () => this.ports.delete(port) };
  }

  async run(command: Command, signal: AbortSignal): Promise<CommandResult> {
    const number = this.commands.push(command) - 1;
    this.#cutAt(number, 'before');
    signal.throwIfAborted();
    const result = await this.#program(command, signal);
    this.#cutAt(number, 'after');
    signal.throwIfAborted();
    return { status: 0, stdout: '', stderr: '', ...result };
  }

  #cutAt(command: number, when: Cut['when']): void {
    if (this.cut?.command === command && this.cut.when === when) this.loseConnections();
  }

  async #program(command: Command, signal: AbortSignal): Promise<Outcome> {
    const name = programName(command);
    const program = this.programs.get(name);
    if (program === undefined) return { status: 127, stderr: `sh: 1: ${name}: not found\n` };
    const stdin = (command.stdin ?? '').toString();
    const root = command.root === true || this.target.user === 'root';
    return await program({ args: programArguments(command), stdin, root, signal });
  }
}

class FakeConnection implements Connection {
  readonly target: SshTarget;
  readonly #machine: FakeMachine;
  readonly #end = new AbortController();
  readonly #streams = new Set<Duplex>();

  constructor(machine: FakeMachine) {
    this.target = machine.target;
    this.#machine = machine;
  }

  get alive(): boolean {
    return !this.#end.signal.aborted;
  }

  async exec(command: Command, signal?: AbortSignal): Promise<CommandResult> {
    signal?.throwIfAborted();
    this.#end.signal.throwIfAborted();
    const name = `${programName(command)} on ${this.target.name}`;
    const seconds = command.timeout ?? defaultTimeout;
    const limit = new AbortController();
    const timer = setTimeout(
      () => limit.abort(new Error(`${name} was given up after ${seconds} s.`)),
      seconds * 1000,
    );
    const stop = AbortSignal.any([limit.signal, this.#end.signal, ...(signal ? [signal] : [])]);
    try {
      const result = await Promise.race([this.#machine.run(command, stop), whenAborted(stop)]);
      if (Buffer.byteLength(result.stdout + result.stderr) <= outputLimit) return result;
      throw new Error(`${name} printed more than ${outputLimit} bytes.`);
    } finally {
      clearTimeout(timer);
    }
  }

  async openSocket(path: string): Promise<Duplex> {
    return this.#stream(this.#machine.sockets.get(path), `open the socket ${path}: no such socket`);
  }

  async openPort(port: number, { host, signal }: PortOptions = {}): Promise<Duplex> {
    signal?.throwIfAborted();
    if (host === undefined)
      return this.#stream(this.#machine.ports.get(port), `open port ${port}: connection refused`);
    const place = `${host}:${port}`;
    return this.#stream(this.#machine.hosts.get(place), `reach ${place}: connection refused`);
  }

  async listen(accept: (stream: Duplex) => void): Promise<Listening> {
    this.#end.signal.throwIfAborted();
    const { port, take } = this.#machine.lend((far) => {
      this.#keep(far);
      accept(far);
    });
    this.#end.signal.addEventListener('abort', take, { once: true });
    return { port, close: async () => take() };
  }

  #keep(stream: Duplex): void {
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
  }

  #stream(serve: ((stream: Duplex) => void) | undefined, failure: string): Duplex {
    this.#end.signal.throwIfAborted();
    if (serve === undefined) throw new Error(`${this.target.name} did not ${failure}`);
    const [near, far] = duplexPair();
    this.#keep(near);
    this.#keep(far);
    serve(far);
    return near;
  }

  async close(): Promise<void> {
    this.lose('it was closed here');
  }

  lose(why = 'it broke'): void {
    this.#end.abort(new ConnectionLostError(`Lost the connection to ${this.target.name}: ${why}.`));
    for (const stream of this.#streams) stream.destroy();
  }
}
