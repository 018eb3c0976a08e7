import { once } from 'node:events';
import { chmod, chown, mkdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import type { ErrorReply } from '../model/api.ts';
import { Unreachable } from '../store/store.ts';
import { ApiError } from './api-error.ts';
import { type Log, messageOf } from './log.ts';
import { type ApiContext, findRoute } from './routes.ts';

/** Bytes; a request's body may not be longer. */
const maxBody = 10 * 1024 * 1024;

/** Milliseconds until a client is told that etcd does not answer. */
const patience = 8000;

/** Members of this group may use the socket besides root. */
const socketGroup = 'flotilla';

/** Serves `/flotilla/v1` on a unix socket with mode 0660. A socket that an earlier agent left is replaced. */
export async function serveApi(path: string, context: ApiContext, log: Log): Promise<Server> {
  const server = createServer((request, response) => void answer(request, response, context, log));
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  server.listen(path);
  await once(server, 'listening');
  const group = await groupId(socketGroup);
  if (group !== undefined) await chown(path, 0, group);
  await chmod(path, 0o660);
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  context: ApiContext,
  log: Log,
): Promise<void> {
  try {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const { route, parameters } = findRoute(request.method ?? '', path);
    const body = route.method === 'POST' ? await readJson(request) : undefined;
    reply(response, 200, await inTime(route.handle(context, { parameters, body })));
  } catch (error) {
    const { status, message } = describe(error);
    if (status === 500) log(`${request.method} ${request.url} failed: ${messageOf(error)}`);
    // The rest of a body that was refused would be read as the next request.
    response.setHeader('connection', 'close');
    reply(response, status, { error: { code: status, message } } satisfies ErrorReply);
  }
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

function describe(error: unknown): { status: number; message: string } {
  if (error instanceof ApiError) return { status: error.status, message: error.message };
  if (error instanceof Unreachable) return { status: 503, message: error.message };
  return { status: 500, message: `the agent failed: ${messageOf(error)}; see journalctl -u flotilla-agent` };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') throw new ApiError(415, 'send the body as content-type: application/json');
  if (Number(request.headers['content-length'] ?? 0) > maxBody) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > maxBody) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (cause) {
    throw new ApiError(400, `the body is not JSON: ${messageOf(cause)}`, { cause });
  }
}

function tooLarge(): ApiError {
  return new ApiError(413, `the body is larger than ${maxBody / 1024 / 1024} MiB; send fewer units at once`);
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `etcd gave no answer in ${patience / 1000} s; is a majority of members up?`;
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
