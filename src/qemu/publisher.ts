import { once } from 'node:events';
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { Publication } from '../model/publication.ts';
import type { Forwards } from './arguments.ts';
import type { Health, ProbeTiming } from './health.ts';
import { probe, probeTiming } from './health.ts';
import type { Log } from './log.ts';

/** Milliseconds between looks at each machine. */
const probeInterval = 1000;
/** A machine that was silent this many times in a row is given up, and with it the connections it holds. */
const silenceLimit = 3;
/** Milliseconds for the host's own kernel to accept on behalf of QEMU. */
const connectDeadline = 2000;

/** Where a machine's ports are on the host now; undefined when there is no such machine. */
export type Locate = (machine: string) => Promise<Forwards | undefined>;

interface Target {
  readonly machine: string;
  /** Until the first look: neither chosen first nor left out. */
  health: Health | 'unknown';
  silences: number;
  readonly connections: Set<Socket>;
}

/**
 * Listens on a port of 127.0.0.1 and hands each connection to a healthy machine, in turn. With none healthy
 * the others are tried: a wrong guess about health must not make a working machine unreachable.
 */
export class Publisher {
  readonly publication: Publication;
  /** Why it doesn't listen, for the status. */
  problem: string | undefined;
  readonly #locate: Locate;
  readonly #log: Log;
  readonly #timing: ProbeTiming;
  readonly #targets: readonly Target[];
  readonly #server: Server;
  readonly #stop = new AbortController();
  #next = 0;

  constructor(publication: Publication, locate: Locate, log: Log, timing = probeTiming) {
    this.publication = publication;
    this.#locate = locate;
    this.#log = log;
    this.#timing = timing;
    this.#targets = publication.machines.map((machine) => newTarget(machine));
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) =>
      this.#serve(client),
    );
  }

  get health(): Record<string, string> {
    return Object.fromEntries(this.#targets.map(({ machine, health }) => [machine, health]));
  }

  /** Starts to listen and to look after the machines. A port in use is a `problem`, to be tried again. */
  async start(): Promise<void> {
    const { host } = this.publication;
    this.#server.listen(host, '127.0.0.1');
    this.problem = await once(this.#server, 'listening').then(
      () => undefined,
      (error: Error) => `127.0.0.1:${host} can't be listened on: ${error.message}`,
    );
    if (this.problem !== undefined) return;
    for (const target of this.#targets) void this.#watch(target);
  }

  close(): void {
    this.#stop.abort();
    this.#server.close();
    for (const { connections } of this.#targets) for (const socket of connections) socket.destroy();
  }

  async #watch(target: Target): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const start = Date.now();
      const forwards = await this.#locate(target.machine);
      this.#note(target, forwards ? await probe(forwards, this.publication.guest, this.#timing) : 'refused');
      const rest = Math.max(0, probeInterval - (Date.now() - start));
      await new Promise((resolve) => setTimeout(resolve, rest));
    }
  }

  #note(target: Target, health: Health): void {
    if (target.health !== health) this.#log(`port ${this.publication.host}: ${target.machine} is ${health}`);
    target.health = health;
    target.silences = health === 'silent' ? target.silences + 1 : 0;
    if (target.silences !== silenceLimit) return;
    for (const socket of target.connections) socket.destroy();
  }

  async #serve(client: Socket): Promise<void> {
    client.on('error', () => client.destroy());
    for (const target of this.#inTurn()) {
      const machine = await this.#dial(target);
      if (!machine) continue;
      join(client, machine, target);
      return;
    }
    client.destroy();
  }

  /** The healthy ones, starting after the one served last; then the rest. */
  #inTurn(): Target[] {
    const start = this.#next++ % Math.max(1, this.#targets.length);
    const turned = [...this.#targets.slice(start), ...this.#targets.slice(0, start)];
    return turned.toSorted((a, b) => preference(a) - preference(b));
  }

  async #dial(target: Target): Promise<Socket | undefined> {
    const port = (await this.#locate(target.machine))?.[this.publication.guest];
    if (port === undefined) return undefined;
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    try {
      await once(socket, 'connect', { signal: AbortSignal.timeout(connectDeadline) });
      return socket;
    } catch {
      socket.on('error', () => {}).destroy();
      this.#note(target, 'refused');
      return undefined;
    }
  }
}

function newTarget(machine: string): Target {
  return { machine, health: 'unknown', silences: 0, connections: new Set() };
}

function preference({ health }: Target): number {
  return { healthy: 0, unknown: 1, refused: 2, silent: 3 }[health];
}

/** Pipes both ways until both have ended; what is on its way still arrives when one of them closes. */
function join(client: Socket, machine: Socket, target: Target): void {
  target.connections.add(machine);
  machine
    .on('error', () => machine.destroy())
    .once('close', () => {
      target.connections.delete(machine);
      client.destroySoon();
    });
  client.once('close', () => machine.destroySoon());
  client.pipe(machine);
  machine.pipe(client);
}
