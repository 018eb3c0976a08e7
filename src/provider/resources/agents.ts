import { z } from 'zod';
import { buildBundle } from '../../agent/bundle.ts';
import { EtcdAdmin } from '../../etcd/admin.ts';
import { settled } from '../../model/settled.ts';
import { type AgentMachine, type AgentOptions, installAgents, staleAgents } from '../../push/agents.ts';
import type { ConnectOptions } from '../../ssh/connect.ts';
import type { ConnectionPool } from '../../ssh/pool.ts';
import { authorityOf, connector, forLooks } from '../cluster-access.ts';
import { machineAccess } from '../machine-access.ts';
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

export function agents(pool: ConnectionPool): ResourceHandler<Inputs, Outputs> {
  // Begun before anybody asks, since every `up` does, and made once: the sources don't change under a plugin.
  const building = buildBundle();
  building.catch(() => undefined);
  const use: Use = { pool, building };

  return {
    inputs,
    outputs,
    computed: [],

    drift: ({ stale }): Record<string, string> =>
      stale.length > 0 ? { stale: `changed on ${stale.join(', ')}` } : {},

    complete: async () => ({ bundle: (await building).sha256 }),

    async create(wanted, context) {
      return { id: `${context.stack}/${context.name}`, outputs: await install(use, wanted, context) };
    },

    async update(_id, wanted, _old, context) {
      return install(use, wanted, context);
    },

    async read(_id, old, _inputs, context) {
      const [stale, unadmitted] = await Promise.all([
        staleAgents(machinesOf(use, old, forLooks(context)), await optionsOf(use, old, context)),
        accessChanges(use, old, context),
      ]);
      return { outputs: { ...old, stale: [...stale, ...unadmitted] } };
    },
  };
}

/** What all resources of the type share. */
interface Use {
  readonly pool: ConnectionPool;
  readonly building: ReturnType<typeof buildBundle>;
}

/**
 * A machine that is not let in yet tries again every second, so both go on at the same time. A cluster of an
 * earlier version has agents that rely on being asked nothing: etcd asks only when the new ones are there.
 */
async function install(use: Use, wanted: Inputs, context: Context): Promise<Outputs> {
  const { log, signal } = context;
  const dialing = { log, signal };
  const admin = await openAdmin(use, wanted, context, dialing);
  try {
    await settled([
      admin.admit(wanted.machines, 'remove'),
      optionsOf(use, wanted, context).then((options) =>
        installAgents(machinesOf(use, wanted, dialing), options),
      ),
    ]);
    await admin.enable();
  } finally {
    await admin.close();
  }
  return { ...wanted, stale: [] };
}

/** Nothing when etcd does not answer: that is for `EtcdCluster` to say. */
async function accessChanges(use: Use, wanted: Inputs, context: Context): Promise<readonly string[]> {
  if (!wanted.machines.some(({ etcd }) => etcd)) return [];
  const admin = await openAdmin(use, wanted, context, forLooks(context));
  try {
    const steps = await admin.look(wanted.machines);
    return steps.length > 0 ? ['etcd, whose users or members are not the machines of the stack'] : [];
  } catch {
    return [];
  } finally {
    await admin.close();
  }
}

function openAdmin(
  { pool }: Use,
  wanted: Inputs,
  { log, signal }: Context,
  dialing: ConnectOptions,
): Promise<EtcdAdmin> {
  return EtcdAdmin.open({
    members: wanted.machines.filter(({ etcd }) => etcd),
    authority: authorityOf(wanted),
    connect: connector(pool, wanted.machines, wanted, dialing),
    log,
    signal,
  });
}

async function optionsOf({ building }: Use, wanted: Inputs, { log, signal }: Context): Promise<AgentOptions> {
  return { bundle: await building, authority: authorityOf(wanted), log, signal };
}

function machinesOf({ pool }: Use, wanted: Inputs, dialing: ConnectOptions): AgentMachine[] {
  const connect = connector(pool, wanted.machines, wanted, dialing);
  return wanted.machines.map((machine) => ({
    name: machine.name,
    id: machine.id,
    settings: {
      machine: { name: machine.name, address: machine.address, metadata: machine.metadata },
      endpoints: wanted.endpoints.map((url) => new URL(url).host),
      engines: wanted.machines.filter(({ etcd }) => etcd).map(({ name }) => name),
    },
    connect: () => connect(machine),
  }));
}
