import { once } from 'node:events';
import { createConnection } from 'node:net';
import { createInterface } from 'node:readline';
import { messageOf } from '../model/message-of.ts';

/** A command of the QEMU Machine Protocol (docs/interop/qmp-spec in QEMU's sources). */
export interface QmpCommand {
  readonly execute: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/**
 * Runs one command on a QEMU's QMP socket and hands back its `return` value. QEMU serves one client at a time,
 * so the connection is closed at once.
 *
 * @param deadline milliseconds for all of it: a stopped QEMU accepts the connection and never says a word
 * @throws Error when QEMU refuses the command, closes the connection before it answers, or misses the deadline
 */
export async function qmp(socketPath: string, command: QmpCommand, deadline: number): Promise<unknown> {
  const purpose = `QEMU's monitor at ${socketPath}, command ${command.execute}`;
  const socket = createConnection(socketPath);
  const timer = setTimeout(() => {
    socket.destroy(new Error(`no answer within ${deadline} ms`));
  }, deadline);
  try {
    await once(socket, 'connect');
    const replies = createInterface({ input: socket })[Symbol.asyncIterator]();
    await nextReply(replies, 'QMP');
    await execute({ execute: 'qmp_capabilities' });
    return await execute(command);

    async function execute(request: QmpCommand): Promise<unknown> {
      socket.write(`${JSON.stringify(request)}\r\n`);
      return nextReply(replies, 'return');
    }
  } catch (cause) {
    const error = socket.errored ?? cause;
    throw new Error(`${purpose}: ${messageOf(error)}`, { cause });
  } finally {
    clearTimeout(timer);
    socket.on('error', () => {}).destroy();
  }
}

/** The value under `key` of the next reply that is not an event; events may come at any time. */
async function nextReply(replies: AsyncIterator<string>, key: string): Promise<unknown> {
  for (;;) {
    const { value, done } = await replies.next();
    if (done) throw new Error('closed the connection without an answer');
    const reply: unknown = JSON.parse(value);
    if (typeof reply !== 'object' || reply === null) throw new Error(`unexpected reply ${value}`);
    if ('error' in reply) throw new Error(`refused: ${JSON.stringify(reply.error)}`);
    if (key in reply) return Object.entries(reply).find(([name]) => name === key)?.[1];
  }
}

/**
 * Forwards one more host port of a running machine.
 *
 * @throws Error with the monitor's words when the port is taken
 */
export async function addForward(socketPath: string, rule: string, deadline: number): Promise<void> {
  const line = `hostfwd_add wan ${rule}`;
  const answer = await qmp(
    socketPath,
    { execute: 'human-monitor-command', arguments: { 'command-line': line } },
    deadline,
  );
  if (typeof answer === 'string' && answer.trim() !== '') throw new Error(`QEMU: ${answer.trim()}`);
}
