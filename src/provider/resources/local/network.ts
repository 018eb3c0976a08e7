import { readdir } from 'node:fs/promises';
import * as z from 'zod';
import { stackFolder } from '../../../model/home.ts';
import { messageWithCauses } from '../../../model/message-of.ts';
import { readNetwork, startNetwork, stopNetwork } from '../../../qemu/network.ts';
import { machineFolder, machinesFolder } from '../../../qemu/paths.ts';
import { stopMachine } from '../../../qemu/stop-machine.ts';
import { type Context, InitFailed, type ResourceHandler } from '../../resource.ts';
import { removeFromStackFolder } from '../../stack-folder.ts';

const publication = z.object({ host: z.number(), guest: z.number(), machines: z.array(z.string()) });
const inputs = z.object({ publish: z.array(publication) });
const outputs = inputs.extend({ running: z.boolean().default(false) });

type Inputs = z.output<typeof inputs>;
type Outputs = z.output<typeof outputs>;

/** The switch between a stack's machines. */
export const network: ResourceHandler<Inputs, Outputs> = {
  inputs,
  outputs,
  computed: ['running'],

  drift: ({ running }): Record<string, string> => (running ? {} : { running: 'the switch has ended' }),

  id: idOf,

  async create(wanted, context) {
    return { id: idOf(context), outputs: await start(wanted, context) };
  },

  async update(_id, wanted, _old, context) {
    return start(wanted, context);
  },

  async read(_id, old, _inputs, { stack }) {
    return { outputs: { ...old, running: (await readNetwork(stackFolder(stack))) !== undefined } };
  },

  /**
   * The network goes last. A machine that is still there then is one whose create was cut off before the state
   * knew of it: it goes too.
   */
  async delete(_id, _old, { stack, log }) {
    const folder = stackFolder(stack);
    const names = await readdir(machinesFolder(folder)).catch(() => []);
    await Promise.all(names.map((name) => stopMachine(machineFolder(folder, name), log)));
    await stopNetwork(folder);
    await removeFromStackFolder(stack, 'machines', 'network');
  },
};

/** Its folder's name: all of the cluster's machines are found through it. */
function idOf({ stack }: Pick<Context, 'stack'>): string {
  return stack;
}

async function start(wanted: Inputs, { stack, log, signal }: Context): Promise<Outputs> {
  try {
    await startNetwork(stackFolder(stack), wanted.publish, { log, signal });
    return { ...wanted, running: true };
  } catch (error) {
    // The switch may run although a port could not be published.
    throw new InitFailed(
      messageWithCauses(error),
      idOf({ stack }),
      { ...wanted, running: false },
      { cause: error },
    );
  }
}
