import type { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { messageOf } from '../model/message-of.ts';
import type { Command, CommandResult, Connection, SshTarget } from './connection.ts';
import { ConnectionLostError } from './errors.ts';
import { quote } from './quote.ts';
import { runToEnd, watchEnd, withTimeLimit } from './run-to-end.ts';
import { programName } from './script.ts';
import { Slots } from './slots.ts';

/** sshd allows 10 sessions per connection (sshd_config(5), MaxSessions); two are left for interactive use. */
const concurrentCommands = 8;

type Opened = (error: Error | undefined, channel: ClientChannel) => void;

/** A `Connection` over an authenticated ssh2 client, which it owns from then on. */
export class Ssh2Connection implements Connection {
  readonly target: SshTarget;
  readonly client: Client;
  readonly #slots = new Slots(concurrentCommands);
  readonly #closed: Promise<void>;
  /** Why the connection ended; undefined while it lives. */
  #end: string | undefined;

  constructor(target: SshTarget, client: Client) {
    this.target = target;
    this.client = client;
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
      const running = await this.#open(`run ${name}`, request, watchEnd);
      const result = await runToEnd(running, command, this.target.name, signal);
      if (result === undefined) throw this.#lost(`while ${name} ran`);
      return result;
    });
  }

  openSocket(path: string): Promise<Duplex> {
    const request = (opened: Opened) => this.client.openssh_forwardOutStreamLocal(path, opened);
    return this.#open(`open the socket ${path}`, request, (channel) => channel);
  }

  openPort(port: number): Promise<Duplex> {
    const request = (opened: Opened) => this.client.forwardOut('127.0.0.1', 0, '127.0.0.1', port, opened);
    return this.#open(`open port ${port}`, request, (channel) => channel);
  }

  async close(): Promise<void> {
    this.#ended('it was closed here');
    this.client.end();
    const lingering = setTimeout(() => this.client.destroy(), 2000);
    await this.#closed;
    clearTimeout(lingering);
  }

  #argv(command: Command): readonly string[] {
    const sudo = command.root === true && this.target.user !== 'root';
    return sudo ? ['sudo', '-n', '--', ...withTimeLimit(command)] : withTimeLimit(command);
  }

  /** `attach` runs before any event of the channel can have passed. */
  async #open<T>(
    what: string,
    request: (opened: Opened) => void,
    attach: (channel: ClientChannel) => T,
  ): Promise<T> {
    if (!this.alive) throw this.#lost(`before it could ${what}`);
    try {
      return await new Promise<T>((resolve, reject) => {
        request((error, channel) => (error ? reject(error) : resolve(attach(channel))));
      });
    } catch (cause) {
      if (!this.alive) throw this.#lost(`before it could ${what}`);
      const reason = messageOf(cause);
      throw new Error(`${this.target.name} did not ${what}: ${reason}`, { cause });
    }
  }

  #ended(why: string): void {
    this.#end ??= why;
  }

  #lost(when: string): ConnectionLostError {
    return new ConnectionLostError(
      `Lost the connection to ${this.target.name} ${when}: ${this.#end ?? 'it broke'}.`,
    );
  }
}
