import { z } from 'zod';
import { buildBundle } from '../../agent/bundle.ts';
import { type AgentMachine, type AgentOptions, installAgents, staleAgents } from '../../push/agents.ts';
import type { ConnectionPool } from '../../ssh/pool.ts';
import { machineAccess, sshTarget } from '../machine-access.ts';
import type { Context, ResourceHandler } from '../resource.ts';

const inputs = z.object({
  machines: z.array(machineAccess).min(1),
  privateKey: z.string(),
  endpoints: z.array(z.string()).min(1),
  caCertificate: z.string(),
  caPrivateKey: z.string(),
  /** sha256 of the bundle; `complete` fills it in. */
  bundle: z.string(),
});

const outputs = inputs.extend({ stale: z.array(z.string()).default([]) });

type Inputs = z.output<typeof inputs>;
type Outputs = z.output<typeof outputs>;

/** Seconds a machine gets to answer when all that is asked is how it is. */
const lookDeadline = 10;

export function agents(pool: ConnectionPool): ResourceHandler<Inputs, Outputs> {
  // Begun before anybody asks, since every `up` does, and made once: the sources don't change under a plugin.
  const building = buildBundle();
  building.catch(() => undefined);

  const machinesOf = (wanted: Inputs, { log, signal }: Context, deadline?: number): AgentMachine[] =>
    wanted.machines.map((machine) => ({
      name: machine.name,
      id: machine.id,
      settings: {
        machine: { name: machine.name, address: machine.address, metadata: machine.metadata },
        endpoints: wanted.endpoints.map((url) => new URL(url).host),
      },
      connect: () =>
        pool.get(sshTarget(machine, wanted.privateKey), { log, signal, ...(deadline ? { deadline } : {}) }),
    }));

  async function optionsOf(wanted: Inputs, { log, signal }: Context): Promise<AgentOptions> {
    const authority = { certificate: wanted.caCertificate, privateKey: wanted.caPrivateKey };
    return { bundle: await building, authority, log, signal };
  }

  async function install(wanted: Inputs, context: Context): Promise<Outputs> {
    await installAgents(machinesOf(wanted, context), await optionsOf(wanted, context));
    return { ...wanted, stale: [] };
  }

  return {
    inputs,
    outputs,
    computed: [],

    drift: ({ stale }): Record<string, string> =>
      stale.length > 0 ? { stale: `changed on ${stale.join(', ')}` } : {},

    complete: async () => ({ bundle: (await building).sha256 }),

    async create(wanted, context) {
      return { id: `${context.stack}/${context.name}`, outputs: await install(wanted, context) };
    },

    async update(_id, wanted, _old, context) {
      return install(wanted, context);
    },

    async read(_id, old, _inputs, context) {
      const stale = await staleAgents(machinesOf(old, context, lookDeadline), await optionsOf(old, context));
      return { outputs: { ...old, stale: [...stale] } };
    },
  };
}
