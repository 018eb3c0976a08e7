import * as z from 'zod';
import { buildBundle } from '../../agent/bundle.ts';
import { refuseIds } from '../../etcd/access.ts';
import { EtcdAdmin } from '../../etcd/admin.ts';
import { followedSchema } from '../../model/followed.ts';
import { isMachineId } from '../../model/machine-id.ts';
import { messageWithCauses } from '../../model/message-of.ts';
import { settled } from '../../model/settled.ts';
import { inspectPrograms, type ProgramOptions, sendPrograms } from '../../programs/send.ts';
import { type AgentMachine, type AgentOptions, installAgents, staleAgents } from '../../push/agents.ts';
import { emptyMachines, keepMachines } from '../../push/leave.ts';
import type { ConnectOptions } from '../../ssh/connect.ts';
import type { ConnectionPool } from '../../ssh/pool.ts';
import { authorityOf, changeApi, connector, forLooks } from '../cluster-access.ts';
import { type MachineAccess, machineAccess } from '../machine-access.ts';
import { obtainProgram } from '../obtain-program.ts';
import { type Context, InitFailed, type ResourceHandler } from '../resource.ts';
import {
  announcePrograms,
  type Obtain,
  programSets,
  receiversOf,
  sketchedMachines,
} from '../sent-programs.ts';
import { previewLeave, sketchLeave } from './leave-preview.ts';

const inputs = z.object({
  /** All of the cluster: etcd lets in these and no others. */
  machines: z.array(machineAccess).min(1),
  privateKey: z.string(),
  endpoints: z.array(z.string()).min(1),
  /** Prefixes in etcd below which all machines may write what units choose. */
  serviceKeys: z.array(z.string()).default([]),
  /** Prefixes in etcd below which all machines may read, for templates. */
  templateKeys: z.array(z.string()).default([]),
  /** Machine's name → what a load balancer asks it for. */
  followed: z.record(z.string(), followedSchema).default({}),
  caCertificate: z.string(),
  caPrivateKey: z.string(),
  /** The authority for services; states of earlier versions have none, nor do their machines. */
  servicesCertificate: z.string().default(''),
  servicesPrivateKey: z.string().default(''),
  /** sha256 of the bundle; `complete` fills it in. */
  bundle: z.string(),
});

const outputs = inputs.extend({
  stale: z.array(z.string()).default([]),
  /** Machines that are none of the stack any more, and were not emptied yet when a run ended. */
  leaving: z.array(machineAccess).default([]),
});

/** What is known of the machines while some of them are still to come. */
const sketched = z.object({ machines: sketchedMachines });

type Inputs = z.output<typeof inputs>;
type Outputs = z.output<typeof outputs>;

export function agents(
  pool: ConnectionPool,
  obtain: Obtain = obtainProgram,
): ResourceHandler<Inputs, Outputs> {
  // Begun before anybody asks, since every `up` does, and made once: the sources don't change under a plugin.
  const building = buildBundle();
  building.catch(() => undefined);
  const use: Use = { pool, building, obtain };

  return {
    inputs,
    outputs,
    computed: [],

    drift: ({ stale }): Record<string, string> =>
      stale.length > 0 ? { stale: `changed on ${stale.join(', ')}` } : {},

    complete: async () => ({ bundle: (await building).sha256 }),

    async preview(wanted, old, context) {
      refuseIds(wanted.machines);
      if (old)
        await previewLeave(
          changeApi(use.pool, old, { log: () => undefined, signal: context.signal, patience: 0 }),
          leavingOf(old, wanted),
          context,
        );
      else await announcePrograms('node', wanted.machines, obtain, context);
      return {};
    },

    async sketch(known, old, context) {
      const wanted = sketched.parse(known);
      if (old) sketchLeave(leavingOf(old, wanted), wanted, context.log);
      else await announcePrograms('node', wanted.machines, obtain, context);
      return {};
    },

    async create(wanted, context) {
      return { id: idOf(context), outputs: await install(use, wanted, context) };
    },

    async update(_id, wanted, old, context) {
      return install(use, wanted, context, leavingOf(old, wanted));
    },

    async read(_id, old, _inputs, context) {
      const [stale, unadmitted, programs] = await Promise.all([
        staleAgents(machinesOf(use, old, forLooks(context)), await optionsOf(use, old, context)),
        accessChanges(use, old, context),
        programChanges(use, old, context),
      ]);
      return { outputs: { ...old, stale: [...stale, ...unadmitted, ...programs] } };
    },
  };
}

/** What all resources of the type share. */
interface Use {
  readonly pool: ConnectionPool;
  readonly building: ReturnType<typeof buildBundle>;
  readonly obtain: Obtain;
}

/** How to reach machines, and whom to tell of it. */
type Dialing = ConnectOptions & Pick<Context, 'log' | 'signal'>;

const idOf = ({ stack, name }: Context) => `${stack}/${name}`;

/**
 * The machines of before that are none of the stack any more: they are alive, since deletions come last. One whose id is
 * none was never let in.
 */
function leavingOf(
  { machines, leaving }: Pick<Outputs, 'machines' | 'leaving'>,
  wanted: { readonly machines: readonly { readonly id: string }[] },
): readonly MachineAccess[] {
  const known = new Map([...machines, ...leaving].map((machine) => [machine.id, machine]));
  const staying = new Set(wanted.machines.map(({ id }) => id));
  return [...known.values()].filter(({ id }) => isMachineId(id) && !staying.has(id));
}

/**
 * A machine that is not let in yet tries again every second, so both go on at the same time. A cluster of an
 * earlier version has agents that rely on being asked nothing: etcd asks only when the new ones are there. Machines that
 * leave are members until they are empty: what runs there would move only when they count as dead.
 */
async function install(
  use: Use,
  wanted: Inputs,
  context: Context,
  leaving?: readonly MachineAccess[],
): Promise<Outputs> {
  refuseIds(wanted.machines);
  const { log, signal } = context;
  const dialing = { log, signal };
  const admin = await openAdmin(use, wanted, context, dialing);
  try {
    await settled([
      admin.admit([...wanted.machines, ...(leaving ?? [])], 'remove'),
      sendNode(use, wanted, dialing)
        .then(() => optionsOf(use, wanted, context))
        .then((options) => installAgents(machinesOf(use, wanted, dialing), options)),
    ]);
    await admin.enable();
    if (leaving) await dismiss(use, admin, wanted, leaving, context);
  } finally {
    await admin.close();
  }
  return { ...wanted, stale: [], leaving: [] };
}

/** An agent is started when its files are there, so what it runs on comes before them. */
async function sendNode(use: Use, wanted: Inputs, dialing: Dialing): Promise<void> {
  const options = programOptions(use, wanted, dialing);
  if (options.machines.length === 0) return;
  const { log, signal } = dialing;
  await sendPrograms(options, (program) => use.obtain(program, { log, signal }));
}

/** Machines that do not answer are left out. */
async function programChanges(use: Use, old: Inputs, context: Context): Promise<readonly string[]> {
  const dialing = { ...forLooks(context), log: () => undefined, signal: context.signal };
  const options = programOptions(use, old, dialing);
  const looks = options.machines.map((machine) => inspectPrograms({ ...options, machines: [machine] }));
  const found = await Promise.allSettled(looks);
  return found.flatMap((each) =>
    each.status === 'fulfilled' ? [...each.value].map(([name, wrong]) => `${name} (${wrong})`) : [],
  );
}

function programOptions({ pool }: Use, { machines, ...keys }: Inputs, dialing: Dialing): ProgramOptions {
  const connect = connector(pool, machines, keys, dialing);
  return { set: programSets.node, machines: receiversOf('node', machines), connect, ...dialing };
}

/** What can't leave stays in the state, so that the next run goes on, whatever the config says by then. */
async function dismiss(
  use: Use,
  admin: EtcdAdmin,
  wanted: Inputs,
  leaving: readonly MachineAccess[],
  context: Context,
): Promise<void> {
  const api = changeApi(use.pool, wanted, context);
  try {
    await keepMachines(api, wanted.machines, context);
    await emptyMachines(api, leaving, context);
    if (leaving.length > 0) await admin.admit(wanted.machines, 'remove');
  } catch (error) {
    const outputs: Outputs = { ...wanted, stale: [], leaving: [...leaving] };
    throw new InitFailed(messageWithCauses(error), idOf(context), outputs, { cause: error });
  }
}

/** Nothing when etcd does not answer: that is for `EtcdCluster` to say. */
async function accessChanges(
  use: Use,
  { leaving, ...wanted }: Outputs,
  context: Context,
): Promise<readonly string[]> {
  const machines = [...wanted.machines, ...leaving];
  if (!wanted.machines.some(({ etcd }) => etcd)) return [];
  const admin = await openAdmin(use, wanted, context, forLooks(context));
  try {
    const steps = await admin.look(machines);
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
    shared: wanted.serviceKeys,
    read: wanted.templateKeys,
    log,
    signal,
  });
}

async function optionsOf({ building }: Use, wanted: Inputs, { log, signal }: Context): Promise<AgentOptions> {
  return { bundle: await building, authority: authorityOf(wanted), log, signal };
}

function machinesOf({ pool }: Use, wanted: Inputs, dialing: ConnectOptions): AgentMachine[] {
  const connect = connector(pool, wanted.machines, wanted, dialing);
  const { servicesCertificate: certificate, servicesPrivateKey } = wanted;
  const services = certificate === '' ? {} : { services: { certificate, privateKey: servicesPrivateKey } };
  return wanted.machines.map((machine) => ({
    name: machine.name,
    id: machine.id,
    settings: {
      machine: { name: machine.name, address: machine.address, metadata: machine.metadata },
      endpoints: wanted.endpoints.map((url) => new URL(url).host),
      engines: wanted.machines.filter(({ etcd }) => etcd).map(({ name }) => name),
      followed: wanted.followed[machine.name],
      ...services,
    },
    connect: () => connect(machine),
  }));
}
