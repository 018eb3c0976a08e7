import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import {
  type ApplyReply,
  applyReplySchema,
  type ChangeRequest,
  type CordonReply,
  type CordonRequest,
  cordonReplySchema,
  type DeparturesReply,
  type DeparturesRequest,
  departuresReplySchema,
  type ExplainReply,
  explainReplySchema,
  type ImageRequest,
  type ImagesReply,
  type ImageView,
  imagesReplySchema,
  imageViewSchema,
  type MachinesReply,
  machinesReplySchema,
  type PlanReply,
  planReplySchema,
  type RebalanceRequest,
  type RolloutsReply,
  type RolloutView,
  rolloutsReplySchema,
  rolloutViewSchema,
  type ServicesReply,
  servicesReplySchema,
  type UnitFileView,
  type UnitsReply,
  unitFileViewSchema,
  unitsReplySchema,
} from '../model/api.ts';
import { messageOf } from '../model/message-of.ts';
import { reminding } from '../model/remind.ts';
import type { RolloutAction } from '../model/rollout.ts';
import type { Connection } from '../ssh/connection.ts';
import { AnswerLost, ApiError, isStoreOutage, lacksStore, NoAnswer } from './errors.ts';
import { firstToSucceed, type Gateway } from './gateway.ts';
import { type AgentRequest, type AgentResponse, abortable, exchange, openStream } from './http.ts';
import { journalOfAgent } from './next-step.ts';
import { joined, noAgent, readReply, refusal, startsWhatIsMissing } from './read-reply.ts';

/** Seconds. A caller waits at most for one choice of an agent and two answers. */
export interface Deadlines {
  /** How long a machine is waited for before the next one is asked as well. */
  readonly headStart: number;
  /** SSH handshake and first answer together; emulated machines under load need seconds. */
  readonly choose: number;
  readonly answer: number;
}

const defaultDeadlines: Deadlines = { headStart: 2, choose: 20, answer: 30 };

export interface AgentApiOptions {
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
  readonly deadlines?: Partial<Deadlines>;
  /**
   * Seconds that agents are asked again while they answer and etcd does not answer them. 0 by default: a person who
   * asks wants to know at once.
   */
  readonly patience?: number;
}

/** `patience` of an `up`, which would end where a busy computer's etcd holds an election. */
export const upPatience = 120;

/** Seconds between two questions to agents whose etcd does not answer. */
const outagePause = 1;

interface Agent {
  readonly machine: string;
  readonly connection: Connection;
}

/** What may be done to a machine. */
export type MachineAction = 'cordon' | 'drain' | 'uncordon';

/**
 * Client of the agents' `/flotilla/v1` (src/model/api.ts). Any agent answers for the whole cluster, so the
 * machines are tried in their order until one does, and that one is kept while it goes on answering.
 */
export class AgentApi {
  readonly #gateways: readonly Gateway[];
  readonly #log: (line: string) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #deadlines: Deadlines;
  readonly #patience: number;
  #agent: Agent | undefined;

  constructor(gateways: readonly Gateway[], options: AgentApiOptions) {
    this.#gateways = gateways;
    this.#log = options.log;
    this.#signal = options.signal;
    this.#deadlines = { ...defaultDeadlines, ...options.deadlines };
    this.#patience = options.patience ?? 0;
  }

  /** Name of the machine whose agent answered last. */
  get machine(): string | undefined {
    return this.#agent?.machine;
  }

  machines(): Promise<MachinesReply> {
    return this.#ask({ method: 'GET', path: '/flotilla/v1/machines' }, machinesReplySchema);
  }

  units(): Promise<UnitsReply> {
    return this.#ask({ method: 'GET', path: '/flotilla/v1/units' }, unitsReplySchema);
  }

  /** Throws an `ApiError` with status 404 for a unit that is not there. */
  unit(name: string): Promise<UnitFileView> {
    return this.#ask(
      { method: 'GET', path: `/flotilla/v1/units/${encodeURIComponent(name)}` },
      unitFileViewSchema,
    );
  }

  plan(change: ChangeRequest): Promise<PlanReply> {
    return this.#ask({ method: 'POST', path: '/flotilla/v1/plan', body: change }, planReplySchema);
  }

  /**
   * Throws `AnswerLost` when the caller must look what happened, and an `ApiError` with status 409 when a unit
   * changed since `change.revision`.
   */
  apply(change: ChangeRequest): Promise<ApplyReply> {
    const request = { method: 'POST', path: '/flotilla/v1/apply', body: change } as const;
    return this.#once(request, applyReplySchema, '`flotilla list-units` shows');
  }

  explain(unit: string): Promise<ExplainReply> {
    const path = `/flotilla/v1/explain/${encodeURIComponent(unit)}`;
    return this.#ask({ method: 'GET', path }, explainReplySchema);
  }

  /** `machine` is a name or an id. To do it again changes nothing. */
  onMachine(machine: string, action: MachineAction, body: CordonRequest = {}): Promise<CordonReply> {
    const path = `/flotilla/v1/machines/${encodeURIComponent(machine)}/${action}`;
    return this.#ask({ method: 'POST', path, body }, cordonReplySchema);
  }

  /** What a drain of these machines, by their ids, does with each of their units. Nothing is changed. */
  departures(machines: readonly string[]): Promise<DeparturesReply> {
    const body: DeparturesRequest = { machines };
    return this.#ask({ method: 'POST', path: '/flotilla/v1/departures', body }, departuresReplySchema);
  }

  /** Throws `AnswerLost` like `apply`. */
  rebalance(body: RebalanceRequest): Promise<PlanReply> {
    const request = { method: 'POST', path: '/flotilla/v1/rebalance', body } as const;
    return this.#once(request, planReplySchema, '`flotilla events` shows');
  }

  rollouts(): Promise<RolloutsReply> {
    return this.#ask({ method: 'GET', path: '/flotilla/v1/rollouts' }, rolloutsReplySchema);
  }

  images(): Promise<ImagesReply> {
    return this.#ask({ method: 'GET', path: '/flotilla/v1/images' }, imagesReplySchema);
  }

  /** Records what a push brought. To do it again changes nothing. */
  recordImage({ name, architecture, id, manifest }: Omit<ImageView, 'keepers'>): Promise<ImageView> {
    const body: ImageRequest = { id, manifest };
    return this.#ask({ method: 'PUT', path: imagePath(architecture, name), body }, imageViewSchema);
  }

  /** Throws an `ApiError` with status 404 for one that is not recorded. */
  async forgetImage({ name, architecture }: Pick<ImageView, 'name' | 'architecture'>): Promise<void> {
    await this.#ask({ method: 'DELETE', path: imagePath(architecture, name) }, z.unknown());
  }

  services(): Promise<ServicesReply> {
    return this.#ask({ method: 'GET', path: '/flotilla/v1/services' }, servicesReplySchema);
  }

  /** Throws `AnswerLost` like `apply`: an `undo` that is sent twice could undo itself. */
  onRollout(name: string, action: RolloutAction): Promise<RolloutView> {
    const path = `/flotilla/v1/rollouts/${encodeURIComponent(name)}/${action}`;
    const look = `\`flotilla rollout status ${name}\` shows`;
    return this.#once({ method: 'POST', path, body: {} }, rolloutViewSchema, look);
  }

  /**
   * The lines of an answer that may go on without end. Nothing is asked again when the connection breaks: that is a
   * `NoAnswer`, and only the caller knows from where to go on. The next request goes to another agent. `signal` ends
   * these lines alone, and so does silence: an agent gives a sign of life each 10 s.
   */
  async *lines(path: string, { signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<string> {
    const timeout = this.#deadlines.answer;
    const request = { method: 'GET', path, timeout, silence: timeout } as const;
    const agent = await this.#choose();
    try {
      const stops = [this.#signal, signal].filter((each) => each !== undefined);
      const { status, lines } = await openStream(agent.connection, request, AbortSignal.any(stops));
      if (status < 300) yield* lines;
      else throw refusal(agent.machine, request, { status, body: await joined(lines) });
    } catch (cause) {
      if (cause instanceof ApiError && !lacksStore(cause)) throw cause;
      signal?.throwIfAborted();
      throw this.#lost(agent, request, cause);
    }
  }

  /** Not sent twice, because the second could meet what the first did; `look` says where that shows. */
  async #once<T>(request: Omit<AgentRequest, 'timeout'>, schema: z.ZodType<T>, look: string): Promise<T> {
    const agent = await this.#choose();
    const reply = await this.#attempt(agent, request);
    if (reply instanceof Error) throw new AnswerLost(reply.message, look, { cause: reply });
    return readReply(agent.machine, request, reply, schema);
  }

  /** May be sent more than once, since reading twice does no harm. */
  async #ask<T>(request: Omit<AgentRequest, 'timeout'>, schema: z.ZodType<T>): Promise<T> {
    const end = performance.now() + this.#patience * 1000;
    for (;;) {
      try {
        return await this.#askTwo(request, schema);
      } catch (error) {
        const left = Math.ceil((end - performance.now()) / 1000);
        if (left <= 0 || !isStoreOutage(error)) throw error;
        this.#log(`${error.message}; asking again for ${left} s`);
        await sleep(outagePause * 1000, undefined, this.#signal ? { signal: this.#signal } : {});
      }
    }
  }

  /** Once more with another agent when the chosen one went away. */
  async #askTwo<T>(request: Omit<AgentRequest, 'timeout'>, schema: z.ZodType<T>): Promise<T> {
    const agent = await this.#choose();
    const reply = await this.#attempt(agent, request);
    if (!(reply instanceof Error)) return readReply(agent.machine, request, reply, schema);
    this.#log(`${reply.message}; asking another machine`);
    const other = await this.#choose(agent.machine);
    const second = await this.#attempt(other, request);
    if (second instanceof NoAnswer) throw new NoAnswer(lastWord(second, other), { cause: second });
    if (second instanceof Error) throw second;
    return readReply(other.machine, request, second, schema);
  }

  /** An agent's answer, or what kept it from giving one. */
  async #attempt(agent: Agent, request: Omit<AgentRequest, 'timeout'>): Promise<AgentResponse | Error> {
    try {
      const timed = { ...request, timeout: this.#deadlines.answer };
      const reply = await this.#exchange(agent, timed, this.#signal);
      if (reply.status < 300) return reply;
      const error = refusal(agent.machine, request, reply);
      if (!lacksStore(error)) return reply;
      this.#agent = undefined;
      return error;
    } catch (cause) {
      return this.#lost(agent, request, cause);
    }
  }

  /** Says while it lasts what is waited for. */
  #exchange(agent: Agent, request: AgentRequest, signal?: AbortSignal): Promise<AgentResponse> {
    const what = () => `the agent on ${agent.machine} to answer ${request.method} ${request.path}`;
    return reminding(this.#log, what, exchange(agent.connection, request, signal));
  }

  /** The agent is given up; throws instead when it is the caller who gave up. */
  #lost(agent: Agent, request: Omit<AgentRequest, 'timeout'>, cause: unknown): NoAnswer {
    this.#signal?.throwIfAborted();
    this.#agent = undefined;
    const message = `${agent.machine}: the agent did not answer ${request.method} ${request.path}`;
    return new NoAnswer(`${message}: ${messageOf(cause)}`, { cause });
  }

  /** The agent in use, or the first that answers; the one on machine `last` comes last in the order. */
  async #choose(last?: string): Promise<Agent> {
    if (this.#agent) return this.#agent;
    const inOrder = this.#gateways.toSorted((a, b) => Number(a.name === last) - Number(b.name === last));
    const failures: string[] = [];
    const probe = (gateway: Gateway, signal: AbortSignal) => this.#probe(gateway, signal, failures);
    try {
      const { headStart } = this.#deadlines;
      this.#agent = await firstToSucceed(inOrder, probe, { headStart, signal: this.#signal });
    } catch (cause) {
      this.#signal?.throwIfAborted();
      throw new NoAnswer(noAgent(cause), { cause });
    }
    // Said although another machine answers: an impostor's host key must not pass in silence.
    for (const failure of failures) this.#log(failure);
    return this.#agent;
  }

  async #probe(gateway: Gateway, signal: AbortSignal, failures: string[]): Promise<Agent> {
    const request = {
      method: 'GET',
      path: '/flotilla/v1/machines',
      timeout: this.#deadlines.choose,
    } as const;
    const stop = AbortSignal.any([signal, AbortSignal.timeout(request.timeout * 1000)]);
    try {
      const connection = await abortable(gateway.connect(stop), stop);
      const agent = { machine: gateway.name, connection };
      const reply = await this.#exchange(agent, request, stop);
      if (reply.status >= 300) throw refusal(gateway.name, request, reply);
      return agent;
    } catch (cause) {
      const error = probeFailure(gateway, cause, stop.aborted ? request.timeout : undefined);
      if (!signal.aborted) failures.push(error.message);
      throw error;
    }
  }
}

function imagePath(architecture: string, name: string): string {
  return `/flotilla/v1/images/${architecture}/${encodeURIComponent(name)}`;
}

/** When no other agent is left to be asked. */
function lastWord({ message }: NoAnswer, { machine }: Agent): string {
  return `${message}; ${startsWhatIsMissing}, ${journalOfAgent(machine)}`;
}

function probeFailure(gateway: Gateway, cause: unknown, timeout: number | undefined): Error {
  if (cause instanceof ApiError) return cause;
  const why = timeout === undefined ? messageOf(cause) : `no answer within ${timeout} s`;
  return new Error(`${gateway.name}: ${why}`, { cause });
}
