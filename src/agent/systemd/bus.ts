import { createClient, type Message, type MessageBus } from 'dbus-native';

/** A signal of systemd's. */
export interface BusSignal {
  readonly path: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

/** A method call to systemd; the body's types are D-Bus's (`as`: strings, `ss`: two strings). */
export interface BusCall {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
}

/** An error that systemd, or the bus in its name, answered with. */
export class BusError extends Error {
  override readonly name = 'BusError';
  /** D-Bus's name of it, as `org.freedesktop.systemd1.NoSuchUnit`. */
  readonly error: string;

  constructor(message: string, error: string, options: ErrorOptions) {
    super(message, options);
    this.error = error;
  }
}

const systemd = 'org.freedesktop.systemd1';
const daemon = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
};

/** Milliseconds that systemd gets for an answer: a daemon-reload on an emulated machine takes seconds. */
const answerWithin = 60_000;
const signalType = 4;

/** dbus-daemon refuses more than 128 calls of a connection without an answer (`max_replies_per_connection`). */
const maxOpenCalls = 100;

/**
 * One connection to the system bus, and to the systemd that was on it then. It is never mended: when the bus or
 * systemd starts anew, what was told and asked before is void, so whoever holds it connects again and looks again.
 */
export class Bus {
  readonly #client: MessageBus;
  readonly #lost = new AbortController();
  #openCalls = 0;
  /** Calls that wait for one of those to be answered. */
  readonly #waiting: (() => void)[] = [];

  private constructor(socket: string, onSignal: (signal: BusSignal) => void) {
    // `direct` leaves the greeting to us: the library throws out of a timer when its own is not answered in time.
    const options = { busAddress: `unix:path=${socket}`, direct: true, timeout: answerWithin };
    this.#client = createClient(options);
    const { connection } = this.#client;
    connection.on('error', (error) => this.#lose(error));
    connection.on('close', () => this.#lose());
    connection.on('end', () => this.#lose());
    connection.on('message', (message) => {
      const { type, sender, path = '', member = '', body = [] } = message;
      if (type !== signalType) return;
      if (sender !== daemon.destination) return onSignal({ path, member, body });
      if (member === 'NameOwnerChanged') this.#lose(new Error('systemd has joined or left the bus'));
    });
  }

  /** Hears of systemd only what `match` asks for. */
  static async connect(socket: string, onSignal: (signal: BusSignal) => void): Promise<Bus> {
    const bus = new Bus(socket, onSignal);
    const owner = `sender='${daemon.destination}',member='NameOwnerChanged',arg0='${systemd}'`;
    try {
      await Promise.all([bus.#invoke({ ...daemon, member: 'Hello' }), bus.#rule('AddMatch', owner)]);
      return bus;
    } catch (error) {
      bus.close();
      throw error;
    }
  }

  /** Aborts when the connection is gone; its reason says why. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Calls made in one go leave in one write, unless they are many. Rejects with `BusError`, or with `lost`'s reason. */
  async call(call: BusCall): Promise<unknown> {
    if (this.#openCalls < maxOpenCalls) this.#openCalls += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await this.#invoke({ destination: systemd, ...call, body: [...(call.body ?? [])] });
    } finally {
      // The next one takes its place.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#openCalls -= 1;
    }
  }

  /** When it returns, every signal of systemd's is heard that the rule names (D-Bus specification, "Match Rules"). */
  match(rule: string): Promise<void> {
    return this.#rule('AddMatch', `sender='${systemd}',${rule}`);
  }

  /** Takes the rule back, spelled as `match` was told it. */
  unmatch(rule: string): Promise<void> {
    return this.#rule('RemoveMatch', `sender='${systemd}',${rule}`);
  }

  close(): void {
    this.#lose(new Error('closed by the agent'));
  }

  async #rule(member: string, rule: string): Promise<void> {
    await this.#invoke({ ...daemon, member, signature: 's', body: [`type='signal',${rule}`] });
  }

  async #invoke(message: Message): Promise<unknown> {
    this.lost.throwIfAborted();
    try {
      return await this.#client.invoke(message);
    } catch (error) {
      this.lost.throwIfAborted();
      const { message: text, dbusName } = error as Error & { dbusName?: string };
      throw new BusError(`${message.member} failed: ${text}`, dbusName ?? '', { cause: error });
    }
  }

  #lose(cause?: Error): void {
    if (this.lost.aborted) return;
    const why = cause ? `: ${cause.message}` : '';
    this.#lost.abort(new Error(`the connection to systemd over D-Bus is lost${why}`, { cause }));
    this.#client.connection.stream.destroy();
  }
}
