import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Effect } from '../faults.ts';
import { accountRoutes } from './account.ts';
import { actionRoutes } from './actions.ts';
import { type Answer, ApiError, type Routes } from './answer.ts';
import { type Cloud, pause } from './cloud.ts';
import { dropletRoutes } from './droplets.ts';
import { firewallRoutes } from './firewalls.ts';
import { keyRoutes } from './keys.ts';
import { loadBalancerRoutes } from './load-balancers.ts';
import { projectRoutes } from './projects.ts';
import type { RateLimit } from './rate-limit.ts';
import { findRoute } from './router.ts';
import { tagRoutes } from './tags.ts';
import { vpcRoutes } from './vpcs.ts';

const parts = [
  accountRoutes,
  keyRoutes,
  vpcRoutes,
  dropletRoutes,
  actionRoutes,
  firewallRoutes,
  loadBalancerRoutes,
  tagRoutes,
  projectRoutes,
];

/** What a call comes to, told apart for the trace: its answer, or that it was cut. */
type Outcome = { readonly answer: Answer; readonly headers: Readonly<Record<string, string>> } | 'cut';

/** HTTP on one side, routes on the other. */
export class Face {
  readonly #cloud: Cloud;
  readonly #token: string;
  readonly #limit: RateLimit;
  readonly #routes: Routes;

  constructor(cloud: Cloud, token: string, limit: RateLimit) {
    this.#cloud = cloud;
    this.#token = token;
    this.#limit = limit;
    this.#routes = Object.fromEntries(parts.flatMap((part) => Object.entries(part(cloud))));
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request;
    const text = await bodyOf(request);
    const outcome = await this.#outcome(request, text);
    const status = outcome === 'cut' ? 0 : outcome.answer.status;
    this.#record(method, path, status, text);
    if (outcome === 'cut') return void response.destroy();
    const type = outcome.answer.body ? { 'content-type': 'application/json; charset=utf-8' } : {};
    response.writeHead(status, { ...type, ...this.#limit.headers(), ...outcome.headers });
    response.end(outcome.answer.body && JSON.stringify(outcome.answer.body));
  }

  async #outcome(request: IncomingMessage, text: string): Promise<Outcome> {
    let cut = false;
    const request_id = randomUUID();
    const headers = { 'x-request-id': request_id };
    try {
      const { method = 'GET', url = '/' } = request;
      this.#limit.count();
      this.#limit.check();
      if (request.headers.authorization !== `Bearer ${this.#token}`) throw new ApiError(401);
      const effect = this.#cloud.faults.ofCall(method, pathOf(url));
      cut = effect !== undefined && 'cut' in effect;
      if (effect && 'cut' in effect && effect.cut === 'before') return 'cut';
      await this.#meet(effect);
      const answer = this.#answer(method, url, text, `http://${request.headers.host}`);
      return cut ? 'cut' : { answer, headers };
    } catch (error) {
      if (cut) return 'cut';
      const refusal = error instanceof ApiError ? error : this.#broken(error);
      const { status, id, message, bare } = refusal;
      return {
        answer: bare ? { status } : { status, body: { id, message, request_id } },
        headers: { ...headers, ...refusal.headers },
      };
    }
  }

  async #meet(effect: Effect | undefined): Promise<void> {
    if (!effect) return;
    if ('answer' in effect) throw new ApiError(effect.answer, effect.message, effect.headers, effect);
    if ('slow' in effect) await pause(this.#cloud, effect.slow);
  }

  #answer(method: string, url: string, text: string, base: string): Answer {
    const path = pathOf(url);
    const { params, answer } = findRoute(this.#routes, method, path);
    const query = new URL(url, base).searchParams;
    return answer({ params, query, body: parsed(text), base, path });
  }

  /** A mistake in this API must not look like one of DigitalOcean's errors. */
  #broken(error: unknown): ApiError {
    this.#cloud.fail(error);
    return new ApiError(500, `the test cloud itself failed: ${String(error)}`);
  }

  #record(method: string, path: string, status: number, text: string): void {
    let body: unknown;
    try {
      body = parsed(text);
    } catch {
      body = text;
    }
    const entry = { kind: 'call', method, path, route: this.#routeOf(method, path), status } as const;
    this.#cloud.trace.add(body === undefined ? entry : { ...entry, body });
  }

  #routeOf(method: string, url: string): string {
    try {
      return findRoute(this.#routes, method, pathOf(url)).route;
    } catch {
      return pathOf(url);
    }
  }
}

const pathOf = (url: string) => url.split('?', 1)[0] ?? url;

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** @throws ApiError 400 */
function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(400);
  }
}
