import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Faults } from '../faults.ts';
import type { Machines } from '../machines.ts';
import { Trace } from '../trace.ts';
import { type Call, readCall, thingOf } from './call.ts';
import { Fates } from './fates.ts';
import { forward, mended } from './forward.ts';
import { Instances } from './instances.ts';
import { Inventory } from './inventory.ts';
import { publicParameters } from './public-parameters.ts';
import { type Answer, refuse } from './refusal.ts';

/** AWS on a port of 127.0.0.1: moto with faults and a trace. */
export interface AwsApi {
  /** What `AWS_ENDPOINT_URL` and `aws:endpoints` take. */
  readonly url: string;
  readonly trace: Trace;
  readonly faults: Faults;
  readonly inventory: Inventory;
  /** What went wrong between here and moto. */
  readonly failures: readonly Error[];
  close(): Promise<void>;
}

/** What answers a call that no fault keeps from it. */
export type Backend = (headers: IncomingMessage['headers'], body: string) => Promise<Answer>;

/**
 * @param backend moto's address, or in tests what stands for it
 * @param machines boot for instances; without them, instances are what moto notes of them
 */
export async function startProxy(backend: string | Backend, machines?: Machines): Promise<AwsApi> {
  const passage = new Passage(
    typeof backend === 'string' ? (headers, body) => forward(backend, headers, body) : backend,
    machines && new Instances(machines),
  );
  const server = createServer((request, response) => {
    passage.serve(request, response).catch((error: unknown) => {
      passage.failures.push(error instanceof Error ? error : new Error(String(error)));
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const { trace, faults, inventory, failures } = passage;
  return {
    url: `http://127.0.0.1:${address.port}`,
    trace,
    faults,
    inventory,
    failures,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** One call after the other: its fault, its answer, its line in the trace. */
class Passage {
  readonly trace = new Trace();
  readonly faults = new Faults();
  readonly inventory = new Inventory();
  readonly failures: Error[] = [];
  readonly #backend: Backend;
  readonly #fates = new Fates(this.faults);
  readonly #instances: Instances | undefined;
  /** Answers by the token with which a caller marks a call that it repeats. */
  readonly #answered = new Map<string, Answer>();

  constructor(backend: Backend, instances: Instances | undefined) {
    this.#backend = backend;
    this.#instances = instances;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const call = readCall(request.headers, body);
    const answer = await this.#meet(call, () => this.#answer(request, call, body));
    const { service: method, action, params } = call;
    const status = answer === 'cut' ? 0 : answer.status;
    this.trace.add({ kind: 'call', method, path: action, route: action, status, body: params });
    if (answer === 'cut') return void response.destroy();
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  }

  async #meet(call: Call, answer: () => Promise<Answer>): Promise<Answer | 'cut'> {
    const { service, action } = call;
    const effect = this.faults.ofCall(service, action, thingOf(call));
    if (!effect) return answer();
    if ('answer' in effect) {
      const { answer: status, code = 'InternalError', message = code, headers = {}, bare } = effect;
      if (bare) return { status, headers, body: '' };
      return refuse(service, { status, code, message, headers });
    }
    if ('slow' in effect) {
      await sleep(effect.slow);
      return answer();
    }
    if (effect.cut === 'after') await answer();
    return 'cut';
  }

  async #answer(request: IncomingMessage, call: Call, body: string): Promise<Answer> {
    const known = publicParameters(call);
    if (known) return known;
    // AWS answers a repeated call with what it answered first, where callers mark it; moto does it again.
    const { service, action, params } = call;
    const mark = params.ClientToken && `${service} ${action} ${params.ClientToken}`;
    const before = mark && this.#answered.get(mark);
    if (before) return before;
    const noted = await this.#backend(request.headers, mended(call, body));
    if (noted.status >= 300) return noted;
    const answer = this.#instances ? await this.#instances.heed(call, noted) : noted;
    if (mark) this.#answered.set(mark, answer);
    const change = this.inventory.changeBy(call, answer.body);
    if (change) this.trace.add(change);
    const end = this.#fates.heed(call, answer);
    if (end) await this.#answer(request, end, queryOf(end));
    return this.#fates.told(answer);
  }
}

/** EC2's query protocol, of the version that moto knows. */
function queryOf({ action, params }: Call): string {
  return String(new URLSearchParams({ Action: action, Version: '2016-11-15', ...params }));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
