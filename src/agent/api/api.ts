import { once } from 'node:events';
import { chmod, chown, mkdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import type { ErrorReply } from '../../model/api.ts';
import { messageOf } from '../../model/message-of.ts';
import { downMembers } from '../../store/failure.ts';
import { Compacted, Forbidden, OutOfSpace, TooLarge, Unreachable } from '../../store/store.ts';
import type { Log } from '../log.ts';
import { ApiError } from './api-error.ts';
import { BodyBudget } from './body-budget.ts';
import { findRoute } from './find-route.ts';
import { RecentStops } from './fleet/recent-stops.ts';
import { Snapshots } from './fleet/snapshots.ts';
import { readBody, readQuery } from './request-body.ts';
import { RequestCounts } from './request-counts.ts';
import type { ApiContext, HandlerContext } from './route.ts';
import { routes } from './routes.ts';
import { encode, send, sendText } from './send.ts';

/** Milliseconds until a client is told that etcd does not answer. */
const patience = 8000;

/** Milliseconds that a request may take to arrive. */
const slowest = 60_000;

/** Members of this group may use the socket besides root. */
const socketGroup = 'flotilla';

/** Serves all routes on a unix socket with mode 0660. A socket that an earlier agent left is replaced. */
export async function serveApi(path: string, context: ApiContext, log: Log): Promise<Server> {
  const own = { requests: new RequestCounts(), stops: new RecentStops(), snapshots: new Snapshots() };
  const handlers = { ...context, ...own };
  const budget = new BodyBudget();
  const server = createServer(
    (request, response) => void answer(request, response, { handlers, budget, log }),
  );
  server.requestTimeout = slowest;
  // Who has asked all and closes its half, as `printf … | flotilla fd-forward` does, still wants the answer. Node has
  // the setting (lib/_http_server.js, socketOnEnd) and no type for it.
  Object.assign(server, { httpAllowHalfOpen: true });
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  server.listen(path);
  await once(server, 'listening');
  const group = await groupId(socketGroup);
  if (group !== undefined) await chown(path, 0, group);
  await chmod(path, 0o660);
  return server;
}

interface Serving {
  readonly handlers: HandlerContext;
  readonly budget: BodyBudget;
  readonly log: Log;
}

/** Never rejects. */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { handlers: context, budget, log }: Serving,
): Promise<void> {
  const { method = '', url = '' } = request;
  const gone = new AbortController();
  const share = budget.share();
  response.on('close', () => gone.abort());
  let path = 'none';
  try {
    const [place = '', query] = splitOnce(url, '?');
    const { route, parameters } = findRoute(routes, method, place);
    path = route.path;
    const body = route.body && (await readBody(request, route.body, share));
    const handled = { parameters, query: readQuery(query), body, signal: gone.signal };
    const reply = await inTime(route.handle(context, handled));
    context.requests.add(method, path, reply.status);
    await send(response, reply);
  } catch (error) {
    const status = tell(response, error, (what) => log(`${method} ${url} ${what}: ${messageOf(error)}`));
    if (status !== undefined) context.requests.add(method, path, status);
  } finally {
    share.giveBack();
  }
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** Tells the client what failed; answers by which status, if it could still be told. */
function tell(response: ServerResponse, error: unknown, log: (what: string) => void): number | undefined {
  // The client went away; there is nobody to be told, and nothing failed here.
  if (response.destroyed) return undefined;
  if (response.headersSent) {
    log('ended early');
    response.destroy();
    return undefined;
  }
  const described = describe(error);
  if (described.status === 500) log('failed');
  refuse(response, described);
  return described.status;
}

function refuse(response: ServerResponse, { status, message, headers = {} }: Described): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  // The rest of a body that was refused would be read as the next request.
  response.setHeader('connection', 'close');
  sendText(
    response,
    status,
    'application/json',
    encode({ error: { code: status, message } } satisfies ErrorReply),
  );
}

interface Described {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function describe(error: unknown): Described {
  if (error instanceof ApiError) return error;
  if (error instanceof Compacted) return { status: 410, message: error.message };
  if (error instanceof TooLarge) return { status: 413, message: error.message };
  if (error instanceof OutOfSpace) return { status: 507, message: error.message };
  // The store names the machines that may write; nothing is to be added.
  if (error instanceof Forbidden) return { status: 403, message: error.message };
  if (error instanceof Unreachable) return { status: 503, message: error.message };
  return { status: 500, message: `the agent failed: ${messageOf(error)}; see journalctl -u flotilla-agent` };
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `etcd gave no answer in ${patience / 1000} s; ${downMembers}`;
    timer = setTimeout(() => reject(new Unreachable(message)), patience);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** From /etc/group (group(5)); undefined when there is no such group. */
async function groupId(name: string): Promise<number | undefined> {
  const groups = await readFile('/etc/group', 'utf8').catch(() => '');
  const fields = groups
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
    ?.split(':');
  return fields?.[2] === undefined ? undefined : Number(fields[2]);
}
