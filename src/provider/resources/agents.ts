import { z } from 'zod';
import { buildBundle } from '../../agent/bundle.ts';
import { EtcdAdmin } from '../../etcd/admin.ts';
import { settled } from '../../model/settled.ts';
import { type AgentMachine, type AgentOptions, installAgents, staleAgents } from '../../push/agents.ts';
import type { ConnectionPool } from '../../ssh/pool.ts';
import { type MachineAccess, machineAccess, sshTarget } from '../machine-access.ts';
import type { Context, ResourceHandler } from '../resource.ts';

const inputs = z.object({
  /** All of the cluster: etcd lets in these and no others. */
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

  const connect = (machine: MachineAccess, { privateKey }: Inputs, context: Context, deadline?: number) => {
    const { log, signal } = context;
    return pool.get(sshTarget(machine, privateKey), { log, signal, ...(deadline ? { deadline } : {}) });
  };

  const machinesOf = (wanted: Inputs, context: Context, deadline?: number): AgentMachine[] =>
    wanted.machines.map((machine) => ({
      name: machine.name,
      id: machine.id,
      settings: {
        machine: { name: machine.name, address: machine.address, metadata: machine.metadata },
        endpoints: wanted.endpoints.map((url) => new URL(url).host),
        engines: wanted.machines.filter(({ etcd }) => etcd).map(({ name }) => name),
      },
      connect: () => connect(machine, wanted, context, deadline),
    }));

  async function optionsOf(wanted: Inputs, { log, signal }: Context): Promise<AgentOptions> {
    const authority = { certificate: wanted.caCertificate, privateKey: wanted.caPrivateKey };
    return { bundle: await building, authority, log, signal };
  }

  /**
   * A machine that is not let in yet tries again every second, so both go on at the same time. A cluster of an
   * earlier version has agents that rely on being asked nothing: etcd asks only when the new ones are there.
   */
  async function install(wanted: Inputs, context: Context): Promise<Outputs> {
    const admin = await openAdmin(wanted, context);
    try {
      await settled([
        admin.admit(wanted.machines, 'remove'),
        optionsOf(wanted, context).then((options) => installAgents(machinesOf(wanted, context), options)),
      ]);
      await admin.enable();
    } finally {
      await admin.close();
    }
    return { ...wanted, stale: [] };
  }

  /** Nothing when etcd does not answer: that is for `EtcdCluster` to say. */
  async function accessChanges(wanted: Inputs, context: Context): Promise<readonly string[]> {
    if (!wanted.machines.some(({ etcd }) => etcd)) return [];
    const admin = await openAdmin(wanted, context, lookDeadline);
    try {
      const steps = await admin.look(wanted.machines);
      return steps.length > 0 ? ['etcd, whose users or members are not the machines of the stack'] : [];
    } catch {
      return [];
    } finally {
      await admin.close();
    }
  }

  function openAdmin(wanted: Inputs, context: Context, deadline?: number): Promise<EtcdAdmin> {
    const { caCertificate: certificate, caPrivateKey: privateKey, machines } = wanted;
    return EtcdAdmin.open({
      members: machines.filter(({ etcd }) => etcd),
      authority: { certificate, privateKey },
      connect: async ({ name }) => {
        const machine = machines.find((each) => each.name === name);
        if (!machine) throw new Error(`${name} is no machine of this cluster`);
        return connect(machine, wanted, context, deadline);
      },
      log: context.log,
      signal: context.signal,
    });
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
      const [stale, unadmitted] = await Promise.all([
        staleAgents(machinesOf(old, context, lookDeadline), await optionsOf(old, context)),
        accessChanges(old, context),
      ]);
      return { outputs: { ...old, stale: [...stale, ...unadmitted] } };
    },
  };
}
