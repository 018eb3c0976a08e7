import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { createConnection, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { messageOf } from '../model/message-of.ts';
import type { Publication } from '../model/publication.ts';
import { upCommand } from '../model/up-command.ts';
import type { PortStatus } from './lan.ts';
import type { Fault } from './switch.ts';

/** What can be asked of a running switch: one JSON object per line, each answered by one line. */
export type ControlRequest =
  | { readonly command: 'status' }
  /** Reads network.json again, now. */
  | { readonly command: 'reload' }
  /** Replaces what faults the machine has. */
  | { readonly command: 'fault'; readonly machine: string; readonly fault: Fault }
  /** Takes the faults of one machine away, or of all. */
  | { readonly command: 'heal'; readonly machine?: string };

/** The answer to every request: how things are afterwards. */
export interface NetworkStatus {
  readonly pid: number;
  readonly ports: Readonly<Record<string, PortStatus & { readonly addresses: readonly string[] }>>;
  readonly faults: Readonly<Record<string, Fault>>;
  readonly publish: readonly (Publication & {
    readonly health: Readonly<Record<string, string>>;
    /** Why nothing listens on the host's port. */
    readonly problem?: string;
  })[];
  /** What is wrong with network.json; the earlier contents stay in force. */
  readonly problem?: string;
}

/** Serves requests on the unix socket, which an earlier owner may have left behind. */
export async function serveControl(
  socketPath: string,
  handle: (request: ControlRequest) => Promise<NetworkStatus>,
): Promise<Server> {
  await rm(socketPath, { force: true });
  const server = createServer(async (socket) => {
    socket.on('error', () => socket.destroy());
    for await (const line of createInterface({ input: socket })) {
      socket.write(`${JSON.stringify(await answerTo(line, handle))}\n`);
    }
  });
  await once(server.listen(socketPath), 'listening');
  return server;
}

/** Whatever the line is, the switch goes on: the whole stack's network is in it. */
async function answerTo(line: string, handle: (request: ControlRequest) => Promise<NetworkStatus>) {
  try {
    return await handle(parseRequest(line));
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/**
 * Fields that are not of the right type count as absent.
 *
 * @throws when it is no JSON, or no command that there is
 */
export function parseRequest(line: string): ControlRequest {
  const request: unknown = JSON.parse(line);
  const { command, machine, fault } = {
    command: undefined,
    machine: undefined,
    fault: undefined,
    ...(typeof request === 'object' ? request : {}),
  };
  const name = typeof machine === 'string' ? { machine } : undefined;
  if (command === 'status' || command === 'reload') return { command };
  if (command === 'heal') return { command, ...name };
  if (command === 'fault' && name) return { command, ...name, fault: parseFault(fault) };
  throw new Error(`${line} is no request: send status, reload, fault (of a machine) or heal as "command"`);
}

function parseFault(value: unknown): Fault {
  const { cut, delay, loss } = { cut: undefined, delay: undefined, loss: undefined, ...(value ?? {}) };
  return {
    ...(cut === true && { cut: true }),
    ...(typeof delay === 'number' && delay > 0 && { delay }),
    ...(typeof loss === 'number' && loss > 0 && { loss: Math.min(loss, 1) }),
  };
}

/**
 * Asks a running switch.
 *
 * @param deadline milliseconds
 * @throws Error when there is no switch, it refuses or misses the deadline
 */
export async function askControl(
  socketPath: string,
  request: ControlRequest,
  deadline: number,
): Promise<NetworkStatus> {
  const late = AbortSignal.timeout(deadline);
  const socket = createConnection({ path: socketPath, signal: late });
  try {
    await once(socket, 'connect');
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const line of createInterface({ input: socket })) {
      const answer: NetworkStatus & { readonly error?: string } = JSON.parse(line);
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer;
    }
    throw new Error('closed the connection without an answer');
  } catch (cause) {
    const why = late.aborted ? silence(socketPath, request, deadline) : messageOf(socket.errored ?? cause);
    throw new Error(`switch at ${socketPath}: ${why}`, { cause });
  } finally {
    socket.on('error', () => {}).destroy();
  }
}

/** A switch that hangs may have said why in its log. */
function silence(socketPath: string, { command }: ControlRequest, deadline: number): string {
  const log = join(dirname(socketPath), 'log');
  return `no answer to "${command}" within ${deadline / 1000} s; see ${log}; ${upCommand()} ends one that hangs`;
}
