import * as z from 'zod';
import { type AdminOptions, EtcdAdmin } from '../../etcd/admin.ts';
import { type BootstrapOptions, bootstrapEtcd, inspectEtcd } from '../../etcd/bootstrap.ts';
import { certificateState } from '../../etcd/certificates.ts';
import type { EtcdCluster as Cluster, EtcdMember } from '../../etcd/cluster.ts';
import type { MemberFacts } from '../../etcd/facts.ts';
import { healthOf } from '../../etcd/health.ts';
import { etcdTimings } from '../../etcd/timing.ts';
import { messageWithCauses } from '../../model/message-of.ts';
import { inspectPrograms, sendPrograms } from '../../programs/send.ts';
import type { ConnectionPool } from '../../ssh/pool.ts';
import { authorityOf, connector, forLooks } from '../cluster-access.ts';
import { machineAccess } from '../machine-access.ts';
import { obtainProgram } from '../obtain-program.ts';
import { type Context, type ResourceHandler, unknownValue } from '../resource.ts';
import {
  announcePrograms,
  type Obtain,
  programSets,
  receiversOf,
  sketchedMachines,
} from '../sent-programs.ts';

const inputs = z.object({
  members: z.array(machineAccess).min(1),
  /** Whether CPUs are emulated, or may be. States of earlier versions don't say: their machines were told at boot. */
  emulated: z.boolean().default(false),
  privateKey: z.string(),
  caCertificate: z.string(),
  caPrivateKey: z.string(),
});

const outputs = inputs.extend({
  endpoints: z.array(z.string()).default([]),
  clusterId: z.string().default(''),
  health: z.record(z.string(), z.string()).default({}),
});

type Inputs = z.output<typeof inputs>;
type Outputs = z.output<typeof outputs>;

/** Raised by a restore from a snapshot only, which comes later. */
const generation = 1;

export function etcdCluster(
  pool: ConnectionPool,
  obtain: Obtain = obtainProgram,
): ResourceHandler<Inputs, Outputs> {
  const use: Use = { pool, obtain };
  return {
    inputs,
    outputs,
    computed: ['endpoints', 'clusterId', 'health'],

    drift: ({ health }): Record<string, string> =>
      Object.values(health).every((state) => state === 'healthy')
        ? {}
        : { health: 'not all members are healthy' },

    async sketch(known, old, context) {
      const members = sketchedMachines.parse(known.members);
      if (!old) await announcePrograms('etcd', members, obtain, context);
      if (!old) return {};
      refuseReplaced(old.members, members);
      refuseOtherMembers(old.members, withKnownAddresses(old.members, members));
      return {};
    },

    async preview(wanted, old, context) {
      if (old) refuseOtherMembers(old.members, wanted.members);
      else await announcePrograms('etcd', wanted.members, obtain, context);
      return old ? { endpoints: old.endpoints, clusterId: old.clusterId } : {};
    },

    async create(wanted, context) {
      return {
        id: `${context.stack}/${context.name}`,
        outputs: await bootstrap(use, wanted, context, false),
      };
    },

    async update(_id, wanted, old, context) {
      refuseOtherMembers(old.members, wanted.members);
      return bootstrap(use, wanted, context, old.clusterId !== '');
    },

    async read(_id, old, _inputs, context) {
      return { outputs: { ...old, health: await healthNow(pool, old, context) } };
    },
  };
}

/** What all resources of the type share. */
interface Use {
  readonly pool: ConnectionPool;
  readonly obtain: Obtain;
}

async function bootstrap(
  { pool, obtain }: Use,
  wanted: Inputs,
  context: Context,
  bootstrapped: boolean,
): Promise<Outputs> {
  const { log, signal } = context;
  const cluster = clusterOf(wanted, context);
  const connect = connector(pool, wanted.members, wanted, { log, signal });
  const access = { authority: authorityOf(wanted), connect, log, signal };
  const machines = receiversOf('etcd', wanted.members);
  if (machines.length > 0)
    await sendPrograms({ ...access, set: programSets.etcd, machines }, (program) =>
      obtain(program, { log, signal }),
    );
  const options: BootstrapOptions = { ...access, cluster, bootstrapped };
  const { clusterId, members } = await bootstrapEtcd(options);
  if (!bootstrapped) await secure(wanted, { ...access, members: cluster.members });
  return {
    ...wanted,
    clusterId,
    endpoints: members.map(({ clientUrl }) => clientUrl),
    health: Object.fromEntries(members.map(({ name }) => [name, 'healthy'])),
  };
}

/** Before any other machine holds a certificate, etcd asks for one that it knows. `Agents` lets machines in later. */
async function secure({ members }: Inputs, options: AdminOptions): Promise<void> {
  const admin = await EtcdAdmin.open(options);
  try {
    await admin.admit(members, 'keep');
    await admin.enable();
  } finally {
    await admin.close();
  }
}

/** Each member's as its own machine tells it. */
async function healthNow(pool: ConnectionPool, old: Inputs, context: Context): Promise<Outputs['health']> {
  const { log, signal } = context;
  const cluster = clusterOf(old, context);
  const connect = connector(pool, old.members, old, forLooks(context));
  const receivers = receiversOf('etcd', old.members);
  const health = cluster.members.map(async (member) => {
    const one = { ...cluster, members: [member] };
    const machines = receivers.filter(({ name }) => name === member.name);
    const asked = { set: programSets.etcd, machines, connect, log, signal };
    const looks = [inspectEtcd({ cluster: one, connect, log, signal }), inspectPrograms(asked)] as const;
    const state = await Promise.all(looks).then(
      ([[facts], programs]) => programs.get(member.name) ?? healthIn(facts, member, old),
      (error: unknown) => `no answer: ${messageWithCauses(error)}`,
    );
    return [member.name, state] as const;
  });
  return Object.fromEntries(await Promise.all(health));
}

function healthIn(facts: MemberFacts | undefined, member: EtcdMember, old: Inputs): string {
  if (facts === undefined) return 'unknown';
  return healthOf(facts, certificateState(facts.certificate, member, authorityOf(old)));
}

function clusterOf({ members, emulated }: Inputs, { stack }: Context): Cluster {
  return {
    name: stack,
    generation,
    members: members.map(({ name, address }) => ({ name, address })),
    timing: emulated ? etcdTimings.emulated : etcdTimings.standard,
  };
}

/** Refused here as well as on the machines: at preview, before anything else of the same run has happened. */
function refuseOtherMembers(old: readonly EtcdMember[], wanted: readonly EtcdMember[]): void {
  const names = (members: readonly EtcdMember[]) =>
    members
      .map(
        ({ name, address }) => `${name} (${address === unknownValue ? 'an address yet unknown' : address})`,
      )
      .sort();
  const [before, after] = [names(old), names(wanted)];
  if (before.join() === after.join()) return;
  throw new Error(
    `the etcd members cannot change yet: the cluster has ${before.join(', ')}, and the config asks for ${after.join(', ')}; put the counts of the groups with etcd: true back, or destroy the stack and bring it up anew`,
  );
}

/** An address that is not known yet may be the old one: if it is not, `update` says so. */
function withKnownAddresses(
  old: readonly EtcdMember[],
  wanted: readonly EtcdMember[],
): readonly EtcdMember[] {
  return wanted.map((member) => {
    if (member.address !== unknownValue) return member;
    return old.find(({ name }) => name === member.name) ?? member;
  });
}

/** Ids that are not known yet belong to machines that will be new, and a new member has no data. */
function refuseReplaced(
  old: readonly EtcdMember[],
  wanted: readonly { readonly name: string; readonly id: string }[],
): void {
  const replaced = wanted.filter(
    ({ name, id }) => id === unknownValue && old.some((each) => each.name === name),
  );
  if (replaced.length === 0) return;
  const names = replaced.map(({ name }) => name).join(', ');
  throw new Error(
    `${names} would be replaced, and etcd's data there with it, which is not supported yet: destroy the stack and bring it up anew, or bring the old machines back`,
  );
}
