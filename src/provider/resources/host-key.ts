import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { stackFolder } from '../../qemu/home.ts';
import { machineFolder } from '../../qemu/paths.ts';
import type { Connection } from '../../ssh/connection.ts';
import { firstContact } from '../../ssh/first-contact.ts';
import type { Connect, ConnectionPool } from '../../ssh/pool.ts';
import type { Context, ResourceHandler } from '../resource.ts';

const inputs = z.object({
  machine: z.string(),
  host: z.string(),
  port: z.number(),
  user: z.string(),
  oneTimeHostKey: z.string(),
  /** Another one is another machine, even with the same name and user data. */
  incarnation: z.string(),
  privateKey: z.string(),
});

const outputs = z.object({ publicKey: z.string(), machineId: z.string() });

/** Seconds: SSH answers already, but a machine that boots among others may need a while for the handshake. */
const deadline = 120;

/** First contact with a machine; see src/ssh/first-contact.ts. */
export function hostKey(
  pool: ConnectionPool,
): ResourceHandler<z.output<typeof inputs>, z.output<typeof outputs>> {
  return {
    inputs,
    outputs,
    computed: ['publicKey', 'machineId'],
    changes: { oneTimeHostKey: 'replace', incarnation: 'replace' },

    async create({ machine, host, port, user, oneTimeHostKey, privateKey }, context) {
      const file = recordFile(context, machine);
      const recorded = await readFile(file, 'utf8').catch(() => undefined);
      const target = { name: machine, host, port, user, privateKey, hostKey: oneTimeHostKey };
      const identity = await firstContact(target, {
        ...(recorded ? { recorded } : {}),
        record: (key) => writeDurably(file, key),
        dial: pooled(pool),
        deadline,
        log: context.log,
        signal: context.signal,
      });
      return {
        id: identity.machineId,
        outputs: { publicKey: identity.hostKey, machineId: identity.machineId },
      };
    },
  };
}

/** Beside the machine's other files, so that it goes with the machine. */
function recordFile({ stack }: Context, machine: string): string {
  return join(machineFolder(stackFolder(stack), machine), 'host-key.pub');
}

async function writeDurably(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.part`, text, { flush: true });
  await rename(`${file}.part`, file);
}

/** Connections stay in the pool when first contact closes them: the next resource uses the last one at once. */
function pooled(pool: ConnectionPool): Connect {
  return async (target, options) => leaveOpen(await pool.get(target, options));
}

function leaveOpen(connection: Connection): Connection {
  return {
    target: connection.target,
    get alive() {
      return connection.alive;
    },
    exec: (command, signal) => connection.exec(command, signal),
    openSocket: (path) => connection.openSocket(path),
    close: async () => undefined,
  };
}
