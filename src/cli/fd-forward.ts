import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { messageOf } from '../model/message-of.ts';
import { type Verb, verb, withCluster } from './command.ts';
import type { Context } from './context.ts';
import { CommandFailed, failed } from './failure.ts';
import { findMachine } from './lookup.ts';

interface Options {
  readonly machine?: string;
}

export const fdForward: Verb = (context) =>
  verb('fd-forward', {
    summary: 'join standard input and output to a unix socket',
    description:
      "The socket is on this computer, as fleetctl's, or with --machine on that machine, over SSH. Ends when the " +
      'other side closes.',
    examples: ['fd-forward /run/fleet.sock', 'fd-forward --machine core-1 /run/fleet.sock'],
  })
    .argument('<socket>', 'path of the socket')
    .option('--machine <machine>', 'the machine that has the socket, by name or id')
    .action(async (path: string, { machine }: Options, command: Command) => {
      if (machine === undefined) return join(context, await openLocal(path));
      return withCluster(context, command, async (cluster) => {
        await join(context, await cluster.openSocket(findMachine(cluster.machines, machine), path));
        return 0;
      });
    });

async function openLocal(path: string): Promise<Duplex> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return socket;
  } catch (cause) {
    const next = 'give the path of a socket that is listened to, or --machine for one of a machine';
    throw new CommandFailed(`no socket answers at ${path} (${messageOf(cause)}); ${next}`, failed, { cause });
  }
}

/** Input that ends is passed on as an end; the other side may have more to say. */
async function join({ terminal, signal }: Context, socket: Duplex): Promise<void> {
  // Whichever side closes first makes this direction fail. How it went, the other one tells.
  const input = pipeline(terminal.stdin, socket, { signal }).catch(() => void socket.destroy());
  await pipeline(socket, terminal.stdout, { signal, end: false });
  terminal.stdin.destroy();
  await input;
}
