import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import * as z from 'zod';
import { whenAborted } from '../ssh/when-aborted.ts';
import { registry, type Sent, type Served, targetOf, userOf } from './registry.ts';
import { homePath } from './relay-config.ts';

/** What a relay tells of itself. */
const reportSchema = z.object({
  /** On its 127.0.0.1, for Docker. */
  port: z.coerce.number().int().min(1),
  /** On the cluster's network, of a seed. */
  peers: z.coerce.number().int().optional(),
});
export type RelayReport = z.infer<typeof reportSchema>;

/** The registry of this computer, in this process. It listens nowhere: machines reach it through `accept` alone. */
export class Home {
  readonly #server: Server;
  readonly #secret: string;
  readonly #waiting = new Map<string, (report: RelayReport) => void>();
  readonly #relays = new Map<string, ServerResponse>();
  readonly #streams = new Set<Duplex>();

  constructor(served: Served, secret: string, onSent: (sent: Sent) => void) {
    this.#secret = secret;
    const handler = registry(served, { secret, onSent });
    this.#server = createServer((request, response) => {
      const { path, query } = targetOf(request);
      if (path === homePath) this.#meet(request, response, new URLSearchParams(query));
      else handler(request, response);
    });
    // A layer takes as long as it takes.
    this.#server.requestTimeout = 0;
  }

  /** Takes a connection that was made on a machine. */
  readonly accept = (stream: Duplex): void => {
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    this.#server.emit('connection', stream);
  };

  /** The report of the machine's relay, once it is up. */
  async relay(machine: string, signal: AbortSignal): Promise<RelayReport> {
    const report = new Promise<RelayReport>((resolve) => this.#waiting.set(machine, resolve));
    return await Promise.race([report, whenAborted(signal)]);
  }

  /** Ends the machine's relay. */
  dismiss(machine: string): void {
    this.#relays.get(machine)?.end();
    this.#relays.delete(machine);
  }

  close(): void {
    for (const machine of [...this.#relays.keys()]) this.dismiss(machine);
    for (const stream of this.#streams) stream.destroy();
  }

  #meet(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): void {
    const machine = userOf(request, this.#secret);
    const report = reportSchema.safeParse(Object.fromEntries(query));
    const waiting = this.#waiting.get(machine ?? '');
    if (machine === undefined || waiting === undefined || !report.success) {
      response.writeHead(machine === undefined ? 401 : 400).end();
      return;
    }
    response.writeHead(200).flushHeaders();
    this.#relays.set(machine, response);
    this.#waiting.delete(machine);
    waiting(report.data);
  }
}
