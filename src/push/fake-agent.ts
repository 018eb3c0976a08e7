import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import * as z from 'zod';
import {
  agentSocket,
  type ClusterEvent,
  type Departure,
  type ExplainReply,
  type ImageRequest,
  type ImageView,
  imageRequestSchema,
  type MachineView,
  nothingServed,
  type PlanReply,
  type RolloutView,
  type UnitView,
} from '../model/api.ts';
import type { Registration } from '../model/registration.ts';
import type { UnitStatus } from '../model/status.ts';
import { targetStateSchema } from '../model/unit.ts';
import { FakeMachine } from '../ssh/fake.ts';
import { hashOf } from '../unit/hash.ts';
import type { Gateway } from './gateway.ts';

const changeRequest = z.object({
  put: z.array(z.object({ name: z.string(), contents: z.string(), targetState: targetStateSchema })),
  destroy: z.array(z.string()),
  targets: z.array(z.object({ name: z.string(), targetState: targetStateSchema })).default([]),
  revision: z.string().optional(),
});

const cordonRequest = z.object({ reason: z.string().default('by hand'), force: z.boolean().default(false) });
const departuresRequest = z.object({ machines: z.array(z.string()) });
const rebalanceRequest = z.object({ maxMoves: z.number() });

/** What a unit reports that is loaded. */
const atRest = { load: 'loaded', active: 'inactive', sub: 'dead' };

/** What each action makes of a rollout. */
const rolloutStates: Readonly<Record<string, RolloutView['state']>> = {
  pause: 'paused',
  resume: 'running',
  undo: 'rolling-back',
};

type Reply = { readonly status: number; readonly body: unknown };

/** A machine for tests; everything but the name has a value that follows from it. */
export function fakeMachine(name: string, changes: Partial<MachineView> = {}): MachineView {
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
  readonly machines: MachineView[];
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
  /** What `explain` answers, by unit. */
  readonly explanations = new Map<string, ExplainReply>();
  readonly events: ClusterEvent[] = [];
  readonly rollouts = new Map<string, RolloutView>();
  services: readonly Registration[] = [];
  /** Images that were recorded, by architecture and name. */
  readonly images = new Map<string, ImageView>();
  /** What `departures` says of units, by name; of others, that they move. */
  readonly departures = new Map<string, Pick<Departure, 'outcome' | 'reason'>>();
  /** What `rebalance` would like to move. */
  moves: PlanReply['moves'] = [];
  /** Decides before the cluster does: a reply, `drop` to hang up on the request, `silence` to leave it open, or undefined. */
  intercept: (request: string) => Reply | 'drop' | 'silence' | undefined = () => undefined;
  #revision = 1;
  readonly #followers = new Set<ServerResponse>();
  readonly #server = createServer((request, response) => this.#serve(request, response));

  constructor(machines: readonly MachineView[]) {
    this.machines = [...machines];
  }

  /** The machine's way in: its agent socket leads here. */
  gateway(name: string, machine = new FakeMachine({ name })): Gateway {
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
      states: placed.map((machineId) => ({
        unit: name,
        machineId,
        hash,
        ...(targetState === 'launched' ? this.state : atRest),
      })),
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

  /** Adds an event, and sends it to those who follow. */
  happen(event: ClusterEvent): void {
    this.events.push(event);
    for (const follower of this.#followers) follower.write(`${JSON.stringify(event)}\n`);
  }

  /** Hangs up on everybody who follows the events. */
  dropFollowers(): void {
    for (const follower of this.#followers) follower.socket?.end();
    this.#followers.clear();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = `${request.method} ${request.url}`;
    this.requests.push(line);
    const intercepted = this.intercept(line);
    if (intercepted === undefined && line.startsWith('GET /flotilla/v1/events')) {
      this.#stream(new URL(request.url ?? '', 'http://agent').searchParams, response);
      return;
    }
    const reply = intercepted ?? (await this.#answer(line, request));
    if (reply === 'drop') request.socket.end();
    if (reply === 'drop' || reply === 'silence') return;
    response.writeHead(reply.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(reply.body));
  }

  #stream(query: URLSearchParams, response: ServerResponse): void {
    const since = BigInt(query.get('since') ?? 0);
    const after = query.get('after') ?? '0';
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const event of this.events) {
      const isLater = compareIds(event.id, after) > 0;
      if (isLater && BigInt(event.revision) >= since) response.write(`${JSON.stringify(event)}\n`);
    }
    if (query.get('follow') === 'true') this.#followers.add(response);
    else response.end();
  }

  async #answer(line: string, request: IncomingMessage): Promise<Reply> {
    const [method, path = ''] = line.split(' ');
    const [, , , noun, name = '', action = ''] = path.split('/').map(decodeURIComponent);
    if (method === 'GET') return this.#read(path, noun, name);
    if (noun === 'images' && method === 'DELETE')
      return this.images.delete(`${name}/${action}`)
        ? { status: 204, body: undefined }
        : failure(404, 'no image');
    const body = await json(request);
    if (noun === 'images') return this.#record(name, action, imageRequestSchema.parse(body));
    if (noun === 'machines') return this.#onMachine(name, action, cordonRequest.parse(body));
    if (noun === 'departures') return this.#departures(departuresRequest.parse(body).machines);
    if (noun === 'rollouts') return this.#onRollout(name, action);
    if (noun === 'rebalance') return this.#rebalance(rebalanceRequest.parse(body).maxMoves);
    if (noun === 'plan') return this.#plan(changeRequest.parse(body));
    if (noun === 'apply') return this.#apply(changeRequest.parse(body));
    return failure(404, `${nothingServed} ${path}`);
  }

  #read(path: string, noun: string | undefined, name: string): Reply {
    if (noun === 'units' && name !== '') return this.#unit(name);
    if (noun === 'explain') return found(this.explanations.get(name), 'no such unit');
    if (noun === 'machines') return ok({ machines: this.machines });
    if (noun === 'rollouts') return ok({ rollouts: [...this.rollouts.values()] });
    if (noun === 'images') return ok({ images: [...this.images.values()] });
    if (noun === 'services') return ok({ services: this.services });
    if (noun === 'units') return ok({ revision: `${this.#revision}`, units: [...this.views.values()] });
    return failure(404, `${nothingServed} ${path}`);
  }

  #record(architecture: string, name: string, image: ImageRequest): Reply {
    const view = { name, architecture, ...image, keepers: [] };
    this.images.set(`${architecture}/${name}`, view);
    return ok(view);
  }

  #onMachine(word: string, action: string, { reason, force }: z.infer<typeof cordonRequest>): Reply {
    const index = this.machines.findIndex(({ name, id }) => name === word || id === word);
    const machine = this.machines[index];
    if (!machine) return failure(404, `there is no machine ${word}`);
    const { cordon: _, ...free } = machine;
    const drain = action === 'drain';
    const cordon = { drain, reason, ...(force && { force }) };
    this.machines[index] = action === 'uncordon' ? free : { ...free, cordon };
    return ok(this.machines[index]);
  }

  #departures(machines: readonly string[]): Reply {
    const placements = [...this.views.values()].flatMap((view) => view.placements);
    const leaving = placements.filter(({ machineId }) => machines.includes(machineId));
    const departures = leaving.map(({ unit, machineId }): Departure => {
      const said = this.departures.get(unit) ?? { outcome: 'moves', reason: 'to another machine' };
      return { unit, machineId, ...said };
    });
    return ok({ departures });
  }

  #onRollout(name: string, action: string): Reply {
    const view = this.rollouts.get(name);
    const state = rolloutStates[action];
    if (!view || !state) return failure(404, `there is no rollout ${name}`);
    this.rollouts.set(name, { ...view, state });
    return ok({ ...view, state });
  }

  #rebalance(maxMoves: number): Reply {
    return ok({ moves: this.moves.slice(0, maxMoves), pending: [] });
  }

  #unit(name: string): Reply {
    const view = this.views.get(name);
    return found(view && { ...view, contents: this.files.get(name) }, 'no such unit');
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
    const unknown = change.targets.find(({ name }) => !this.views.has(name));
    if (unknown) return failure(404, `there is no unit ${unknown.name}`);
    for (const { name, contents, targetState } of change.put) this.put(name, contents, targetState);
    for (const { name, targetState } of change.targets) {
      this.put(name, this.files.get(name) ?? '', targetState);
    }
    for (const name of change.destroy) this.views.delete(name);
    return { status: 200, body: { revision: `${this.#revision}` } };
  }
}

/** Of two places in the history; a revision alone comes after all that it has. */
function compareIds(a: string, b: string): number {
  const numbers = (id: string) => id.split('.').map(Number);
  const [[revision = 0, index = Infinity], [other = 0, at = Infinity]] = [numbers(a), numbers(b)];
  return revision - other || index - at;
}

function ok(body: unknown): Reply {
  return { status: 200, body };
}

function found(body: unknown, absent: string): Reply {
  return body === undefined ? failure(404, absent) : ok(body);
}

function failure(code: number, message: string): Reply {
  return { status: code, body: { error: { code, message } } };
}
