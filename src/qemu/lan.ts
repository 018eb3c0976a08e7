import { readdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { createConnection } from 'node:net';
import { messageOf } from '../model/message-of.ts';
import { FrameReader } from './framing.ts';
import type { Log } from './log.ts';
import { machineFolder, machinePaths, machinesFolder } from './paths.ts';
import type { LearningSwitch } from './switch.ts';

/** Bytes waiting for a slow machine, beyond which its frames are dropped as a real switch drops them. */
const queueLimit = 1024 * 1024;

/** The counters of one connected machine. */
export interface PortStatus {
  received: number;
  sent: number;
  /** Frames dropped because the machine took none. */
  dropped: number;
}

interface Port extends PortStatus {
  readonly socket: Socket;
  readonly reader: FrameReader;
}

/** The wires of the switch: one connection to each machine's `lan` socket, taken up again whenever it is lost. */
export class Lan {
  readonly #stackFolder: string;
  readonly #switch: LearningSwitch;
  readonly #log: Log;
  readonly #ports = new Map<string, Port>();

  constructor(stackFolder: string, learning: LearningSwitch, log: Log) {
    this.#stackFolder = stackFolder;
    this.#switch = learning;
    this.#log = log;
  }

  get status(): Record<string, PortStatus> {
    const ports = [...this.#ports].map(([name, { received, sent, dropped }]) => [
      name,
      { received, sent, dropped },
    ]);
    return Object.fromEntries(ports);
  }

  /** Connects to the machines that are there and not connected. To be called again and again. */
  async scan(): Promise<void> {
    const names = await readdir(machinesFolder(this.#stackFolder)).catch(() => []);
    for (const name of names) if (!this.#ports.has(name)) this.#connect(name);
  }

  close(): void {
    for (const { socket } of this.#ports.values()) socket.destroy();
  }

  #connect(name: string): void {
    const socket = createConnection(machinePaths(machineFolder(this.#stackFolder, name)).lan);
    const port: Port = { socket, reader: new FrameReader(), received: 0, sent: 0, dropped: 0 };
    this.#ports.set(name, port);
    socket.once('connect', () => {
      this.#switch.connect(name);
      this.#log(`${name}: connected`);
      socket.once('close', () => this.#log(`${name}: disconnected`));
    });
    socket.on('data', (chunk) => this.#receive(name, port, chunk));
    // A machine that does not run yet, or no more, is nothing to report: the next scan tries again.
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#switch.disconnect(name);
      this.#ports.delete(name);
    });
  }

  #receive(name: string, port: Port, chunk: Buffer): void {
    const touched = new Set<Socket>();
    try {
      for (const { packet, frame } of port.reader.push(chunk)) {
        port.received++;
        for (const { to, delay } of this.#switch.forward(name, frame))
          this.#deliver(to, packet, delay, touched);
      }
    } catch (error) {
      this.#log(`${name}: ${messageOf(error)}`);
      port.socket.destroy();
    } finally {
      for (const socket of touched) socket.uncork();
    }
  }

  /** Sockets stay corked until the chunk is done, so that its frames leave in one system call each way. */
  #deliver(to: string, packet: Buffer, delay: number, touched: Set<Socket>): void {
    if (delay > 0) {
      setTimeout(() => this.#send(to, packet), delay);
      return;
    }
    const socket = this.#ports.get(to)?.socket;
    if (socket && !touched.has(socket)) {
      socket.cork();
      touched.add(socket);
    }
    this.#send(to, packet);
  }

  #send(to: string, packet: Buffer): void {
    const port = this.#ports.get(to);
    if (!port) return;
    if (port.socket.writableLength > queueLimit) {
      port.dropped++;
      return;
    }
    port.sent++;
    port.socket.write(packet);
  }
}
