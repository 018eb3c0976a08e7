import type { Duplex } from 'node:stream';
import type { Client, ClientChannel, PseudoTtyOptions } from 'ssh2';
import { messageOf } from '../model/message-of.ts';
import { bastionName } from '../model/proxy-jump.ts';
import type { Command, CommandResult, Connection, Listening, PortOptions, SshTarget } from './connection.ts';
import { ConnectionLostError } from './errors.ts';
import { quote } from './quote.ts';
import { ReverseForwards } from './reverse-forwards.ts';
import { type Running, runToEnd, watchEnd, withTimeLimit } from './run-to-end.ts';
import { programName } from './script.ts';
import { Slots } from './slots.ts';
import { whenAborted } from './when-aborted.ts';

/** sshd allows 10 sessions per connection (sshd_config(5), MaxSessions); two are left for interactive use. */
const concurrentCommands = 8;

/** Seconds until sshd must have opened what was asked for; forking is slow on an emulated machine that is busy. */
const openDeadline = 60;

/** Time for the machine to end the connection from its side, so that what was sent last arrives. */
const lingerMs = 2000;

const closedHere = 'it was closed here';

export interface Ssh2Options {
  /** The connection that this one runs through, which is somebody else's to close. */
  readonly bastion?: Connection | undefined;
  /** What the client speaks over; without it a machine that hangs keeps `close` waiting. */
  readonly stream?: Duplex | undefined;
  /** Seconds for opening a channel; another one only in tests. */
  readonly openDeadline?: number;
}

type Opened<Granted = ClientChannel> = (error: Error | undefined, granted: Granted) => void;

/** A `Connection` over an authenticated ssh2 client, which it owns from then on. */
export class Ssh2Connection implements Connection {
  readonly target: SshTarget;
  readonly client: Client;
  readonly #slots = new Slots(concurrentCommands);
  readonly #openDeadline: number;
  readonly #bastion: Connection | undefined;
  readonly #stream: Duplex | undefined;
  readonly #closed: Promise<void>;
  readonly #reverse: ReverseForwards;
  /** Why the connection ended; undefined while it lives. */
  #end: string | undefined;

  constructor(target: SshTarget, client: Client, options: Ssh2Options = {}) {
    this.target = target;
    this.client = client;
    this.#openDeadline = options.openDeadline ?? openDeadline;
    this.#bastion = options.bastion;
    this.#stream = options.stream;
    this.#reverse = new ReverseForwards(client);
    client.on('error', (error) => this.#ended(error.message));
    client.once('end', () => this.#ended('the machine closed it'));
    this.#closed = new Promise((resolve) => {
      client.once('close', () => {
        this.#ended('it broke');
        resolve();
      });
    });
  }

  get alive(): boolean {
    return this.#end === undefined;
  }

  exec(command: Command, signal?: AbortSignal): Promise<CommandResult> {
    return this.#slots.run(async () => {
      signal?.throwIfAborted();
      const line = quote(this.#argv(command));
      const name = programName(command);
      const request = (opened: Opened) => this.client.exec(line, opened);
      const running = await this.#open(`run ${name}`, request, watchEnd, signal);
      const result = await runToEnd(running, command, this.target.name, signal);
      if (result === undefined) throw this.lost(`while ${name} ran`);
      return result;
    });
  }

  /** A login shell, or one command, that a user is joined to: without a deadline, and beside those of `exec`. */
  openSession(
    argv: readonly string[] | undefined,
    pty: PseudoTtyOptions | false,
    signal?: AbortSignal,
  ): Promise<Running> {
    const request = (opened: Opened) =>
      argv === undefined ? this.client.shell(pty, opened) : this.client.exec(quote(argv), { pty }, opened);
    return this.#open('open a session', request, watchEnd, signal);
  }

  openSocket(path: string): Promise<Duplex> {
    const request = (opened: Opened) => this.client.openssh_forwardOutStreamLocal(path, opened);
    return this.#open(`open the socket ${path}`, request, (channel) => channel);
  }

  openPort(port: number, { host, signal }: PortOptions = {}): Promise<Duplex> {
    const request = (opened: Opened) =>
      this.client.forwardOut('127.0.0.1', 0, host ?? '127.0.0.1', port, opened);
    const what = host === undefined ? `open port ${port}` : `reach ${host}:${port}`;
    return this.#open(what, request, (channel) => channel, signal);
  }

  listen(accept: (stream: Duplex) => void): Promise<Listening> {
    const request = (opened: Opened<number>) => this.#reverse.ask(opened);
    return this.#open('open a port that leads here', request, (port) => {
      this.#reverse.expect(port, accept);
      return { port, close: () => this.#reverse.cancel(port) };
    });
  }

  async close(): Promise<void> {
    this.#ended(closedHere);
    this.client.end();
    // Not the client's own `destroy`: after `end` it does nothing, and a machine that hangs never ends its side.
    const lingering = setTimeout(() => this.#stream?.destroy(), lingerMs);
    await this.#closed;
    clearTimeout(lingering);
  }

  #argv(command: Command): readonly string[] {
    const sudo = command.root === true && this.target.user !== 'root';
    return sudo ? ['sudo', '-n', '--', ...withTimeLimit(command)] : withTimeLimit(command);
  }

  /** `attach` runs before any event of the channel can have passed. */
  async #open<T, Granted = ClientChannel>(
    what: string,
    request: (opened: Opened<Granted>) => void,
    attach: (granted: Granted) => T,
    signal?: AbortSignal,
  ): Promise<T> {
    if (!this.alive) throw this.lost(`before it could ${what}`);
    const late = AbortSignal.timeout(this.#openDeadline * 1000);
    try {
      return await opened(request, attach, signal === undefined ? late : AbortSignal.any([late, signal]));
    } catch (cause) {
      signal?.throwIfAborted();
      if (!this.alive) throw this.lost(`before it could ${what}`);
      const reason = late.aborted ? this.#silence() : messageOf(cause);
      throw new Error(`${this.target.name} did not ${what}: ${reason}`, { cause });
    }
  }

  /** sshd answers keepalives by itself; a session takes a process, PAM and some disk. */
  #silence(): string {
    return `no answer within ${this.#openDeadline} s, although its SSH lives; look at its console, memory and disk`;
  }

  #ended(why: string): void {
    this.#end ??= why;
  }

  /** For who used the connection while it ended. */
  lost(when: string): ConnectionLostError {
    const { name, proxyJump } = this.target;
    const way = proxyJump ? ` through ${bastionName(proxyJump)}` : '';
    return new ConnectionLostError(`Lost the connection to ${name}${way} ${when}: ${this.#why()}.`);
  }

  /** What runs through a bastion ends with it. */
  #why(): string {
    if (this.#end !== closedHere && this.#bastion?.alive === false)
      return 'the bastion went away, and all that ran through it; see that it runs and what its sshd says';
    return this.#end ?? 'it broke';
  }
}

/** The channel, unless `limits` fires before: one that comes later is closed, since nobody waits for it. */
async function opened<T, Granted>(
  request: (opened: Opened<Granted>) => void,
  attach: (granted: Granted) => T,
  limits: AbortSignal,
): Promise<T> {
  const opening = new Promise<T>((resolve, reject) => {
    request((error, granted) => {
      if (error) reject(error);
      else if (!limits.aborted) resolve(attach(granted));
      else if (isChannel(granted)) granted.close();
    });
  });
  // Its failure after that is nobody's either.
  opening.catch(() => {});
  return await Promise.race([opening, whenAborted(limits)]);
}

/** A port that came too late stays until the connection ends; nobody is told of it, and all it does is turn away. */
function isChannel(granted: unknown): granted is ClientChannel {
  return typeof granted === 'object';
}
