import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { agentSocket, type UnitView } from '../model/api.ts';
import type { Machine } from '../model/machine.ts';
import type { UnitStatus } from '../model/status.ts';
import { targetStates } from '../model/unit.ts';
import { FakeMachine } from '../ssh/fake.ts';
import { hashOf } from '../unit/hash.ts';
import type { Gateway } from './gateway.ts';

const changeRequest = z.object({
  put: z.array(z.object({ name: z.string(), contents: z.string(), targetState: z.enum(targetStates) })),
  destroy: z.array(z.string()),
  revision: z.string().optional(),
});

type Reply = { readonly status: number; readonly body: unknown };

/** A machine for tests; everything but the name has a value that follows from it. */
export function fakeMachine(name: string, changes: Partial<Machine> = {}): Machine {
  const number = Number(name.replace(/\D/g, '')) || 0;
  return {
    id: hashOf(name).slice(0, 32),
    name,
    address: `10.0.0.${number}`,
    metadata: {},
    capacity: { cpus: 1, memory: 1024 },
    version: '0.1.0',
    bootId: `boot-${name}`,
    ...changes,
  };
}

/**
 * A whole cluster behind its agent sockets, in memory: it serves `/flotilla/v1` over HTTP, puts
 * every unit that is not inactive on its first machine and reports it with the state the test asked for.
 */
export class FakeAgent {
  readonly machines: Machine[];
  readonly files = new Map<string, string>();
  readonly views = new Map<string, UnitView>();
  /** What newly placed units report. */
  state: Pick<UnitStatus, 'load' | 'active' | 'sub' | 'failure'> = {
    load: 'loaded',
    active: 'active',
    sub: 'running',
  };
  /** Requests so far, as `GET /path`. */
  readonly requests: string[] = [];
  /** Decides before the cluster does: a reply, `drop` to hang up on the request, `silence` to leave it open, or undefined. */
  intercept: (request: string) => Reply | 'drop' | 'silence' | undefined = () => undefined;
  #revision = 1;
  readonly #server = createServer((request, response) => this.#serve(request, response));

  constructor(machines: readonly Machine[]) {
    this.machines = [...machines];
  }

  /** The machine's way in: its agent socket leads here. */
  gateway(name: string): Gateway {
    const machine = new FakeMachine({ name });
    machine.sockets.set(agentSocket, (stream) => this.#server.emit('connection', stream));
    return { name, connect: async () => machine.connect() };
  }

  /** Serves on a real unix socket as well. */
  async listen(path: string): Promise<void> {
    this.#server.listen(path);
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  put(name: string, contents: string, targetState: UnitView['targetState'] = 'launched'): void {
    const hash = hashOf(contents);
    const [machine] = this.machines;
    const placed = machine && targetState !== 'inactive' ? [machine.id] : [];
    this.files.set(name, contents);
    this.views.set(name, {
      name,
      hash,
      targetState,
      placements: placed.map((machineId) => ({
        unit: name,
        machineId,
        hash,
        targetState,
        reason: 'least loaded',
      })),
      states: placed.map((machineId) => ({ unit: name, machineId, hash, ...this.state })),
    });
    this.#revision += 1;
  }

  /** Replaces parts of what the cluster shows of a unit. */
  change(name: string, changes: Partial<UnitView>): void {
    const view = this.views.get(name);
    if (!view) throw new Error(`the fake cluster has no ${name}`);
    this.views.set(name, { ...view, ...changes });
    this.#revision += 1;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = `${request.method} ${request.url}`;
    this.requests.push(line);
    const reply = this.intercept(line) ?? (await this.#answer(line, request));
    if (reply === 'drop') request.socket.end();
    if (reply === 'drop' || reply === 'silence') return;
    response.writeHead(reply.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(reply.body));
  }

  async #answer(line: string, request: IncomingMessage): Promise<Reply> {
    const name = /^GET \/flotilla\/v1\/units\/(.+)$/.exec(line)?.[1];
    if (name !== undefined) return this.#unit(decodeURIComponent(name));
    if (line === 'GET /flotilla/v1/machines') return { status: 200, body: { machines: this.machines } };
    if (line === 'GET /flotilla/v1/units') {
      return { status: 200, body: { revision: `${this.#revision}`, units: [...this.views.values()] } };
    }
    const change = changeRequest.parse(await json(request));
    if (line === 'POST /flotilla/v1/plan') return this.#plan(change);
    if (line === 'POST /flotilla/v1/apply') return this.#apply(change);
    return failure(404, 'no such route');
  }

  #unit(name: string): Reply {
    const view = this.views.get(name);
    return view
      ? { status: 200, body: { ...view, contents: this.files.get(name) } }
      : failure(404, 'no such unit');
  }

  #plan(change: z.infer<typeof changeRequest>): Reply {
    const machine = this.machines[0]?.name;
    const moves = change.put.map(({ name }) => ({ unit: name, machine, reason: 'least loaded' }));
    return { status: 200, body: { moves, pending: [] } };
  }

  #apply(change: z.infer<typeof changeRequest>): Reply {
    if (change.revision !== undefined && change.revision !== `${this.#revision}`) {
      return failure(409, 'a unit changed since');
    }
    for (const { name, contents, targetState } of change.put) this.put(name, contents, targetState);
    for (const name of change.destroy) this.views.delete(name);
    return { status: 200, body: { revision: `${this.#revision}` } };
  }
}

function failure(code: number, message: string): Reply {
  return { status: code, body: { error: { code, message } } };
}
