import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { type Reach, reachSchema } from '../../../hosts/login.ts';
import { type Look, lookAtHost, openHost } from '../../../hosts/look.ts';
import { readHost, removeFromHost } from '../../../hosts/perform.ts';
import { twinProblems } from '../../../hosts/preflight.ts';
import { nothingWanted } from '../../../hosts/wanted.ts';
import { messageWithCauses } from '../../../model/message-of.ts';
import { operatingSystemOf, operatingSystems } from '../../../model/operating-system.ts';
import { distinctProblems, InvalidInput } from '../../../model/problem.ts';
import { AuthenticationError } from '../../../ssh/errors.ts';
import type { Connect } from '../../../ssh/pool.ts';
import { type Context, type Properties, type ResourceHandler, unknownValue } from '../../resource.ts';

const host = reachSchema.extend({
  name: z.string(),
  path: z.string(),
  groupPath: z.string(),
  clusterAddress: z.string(),
  cpus: z.number(),
  memory: z.number(),
  disk: z.number(),
  etcd: z.boolean(),
});

const inputs = z.object({
  hosts: z.array(host).min(1),
  identityFile: z.string().optional(),
  privateKey: z.string(),
  authorizedKey: z.string(),
});

const outputs = inputs.extend({
  emulated: z.boolean().default(false),
  /** Machine's name → /etc/machine-id */
  machineIds: z.record(z.string(), z.string()).default({}),
  /** Machine's name → what it runs. Hosts of earlier versions all ran the same. */
  systems: z.record(z.string(), z.enum(operatingSystems)).default({}),
});

type Inputs = z.output<typeof inputs>;
type Outputs = z.output<typeof outputs>;
type Host = z.output<typeof host>;
/** What is known before the first `up` too. */
type Known = Pick<Inputs, 'hosts' | 'identityFile'> & {
  readonly privateKey?: string | undefined;
  readonly authorizedKey?: string | undefined;
};

/** Seconds for the SSH of a host that is one of the cluster already. */
const patience = 10;

/** Looks at all hosts before anything is changed on any of them. */
export function network(connect: Connect): ResourceHandler<Inputs, Outputs> {
  return {
    inputs,
    outputs,
    computed: ['emulated', 'machineIds', 'systems'],

    preview: (wanted, old, context) => look(connect, wanted, old, context),

    sketch: (known, old, context) => look(connect, knownOf(known), old, context),

    async create(wanted, context) {
      return {
        id: context.stack,
        outputs: { ...wanted, ...(await look(connect, wanted, undefined, context)) },
      };
    },

    async update(_id, wanted, old, context) {
      return { ...wanted, ...(await look(connect, wanted, old, context)) };
    },

    /** The hosts are clean by now, but for one whose set-up was cut off before the state knew of it. */
    async delete(_id, old, context) {
      await Promise.all(old.hosts.map((each) => removeUnknown(connect, old, each, context)));
    },
  };
}

function knownOf(properties: Properties): Known {
  const known = Object.entries(properties).filter(([, value]) => value !== unknownValue);
  return inputs.partial().required({ hosts: true }).parse(Object.fromEntries(known));
}

/** @throws InvalidInput with everything for which any of the hosts can't be taken. */
async function look(
  connect: Connect,
  wanted: Known,
  old: Outputs | undefined,
  context: Context,
): Promise<Pick<Outputs, 'emulated' | 'machineIds' | 'systems'>> {
  const isKnown = (each: Host) => old?.hosts.some((before) => isSame(before, each)) ?? false;
  const fresh = wanted.hosts.filter((each) => !isKnown(each));
  const looks = await Promise.all(fresh.map((each) => lookAtHost(connect, wanted, each, context)));
  // A new one's id is compared with what the others say now too, not only with what they said when they were new.
  const known = wanted.hosts.filter(isKnown);
  const said = fresh.length > 0 ? await idsNow(connect, wanted, known, context) : new Map<string, string>();
  const kept = Object.fromEntries(
    known.map(({ name }) => [name, said.get(name) ?? old?.machineIds[name] ?? '']),
  );
  const found = looks.flatMap(({ host: { name }, facts }) =>
    facts ? [[name, facts.machineId] as const] : [],
  );
  const machineIds = { ...kept, ...Object.fromEntries(found) };
  const named = wanted.hosts.flatMap(({ name, path }) => {
    const machineId = machineIds[name];
    return machineId ? [{ name, path, machineId }] : [];
  });
  // A bastion, or a key that is not there, stands in the way of all of them alike.
  const problems = [...distinctProblems(looks.flatMap((each) => each.problems)), ...twinProblems(named)];
  if (problems.length > 0)
    throw new InvalidInput('These hosts cannot be used; nothing was changed:', problems);
  const emulated = looks.some(({ facts }) => facts?.virtualization === 'qemu');
  return { emulated: old?.emulated ?? emulated, machineIds, systems: systemsOf(wanted.hosts, looks, old) };
}

/** Of those that answer: nobody's joining has to wait for a host that is off. */
async function idsNow(
  connect: Connect,
  wanted: Known,
  hosts: readonly Host[],
  context: Context,
): Promise<ReadonlyMap<string, string>> {
  const quiet = { ...context, log: () => undefined, deadline: patience };
  const looks = await Promise.all(hosts.map((each) => lookAtHost(connect, wanted, each, quiet)));
  return new Map(looks.flatMap(({ host: { name }, facts }) => (facts ? [[name, facts.machineId]] : [])));
}

/** A host that was not looked at runs what it ran; before a state said so, that was Debian 13. */
function systemsOf(
  hosts: readonly Host[],
  looks: readonly Look<Host>[],
  old: Outputs | undefined,
): Outputs['systems'] {
  const found = new Map(
    looks.map(({ host: { name }, facts }) => {
      return [name, facts && operatingSystemOf(`${facts.os.id} ${facts.os.version}`)] as const;
    }),
  );
  return Object.fromEntries(
    hosts.map(({ name }) => [name, found.get(name) ?? old?.systems[name] ?? 'debian-13'] as const),
  );
}

/** Whether it is one that was looked at, by the same way, for the same place. */
function isSame(before: Host, now: Host): boolean {
  const keys = Object.keys(host.shape) as (keyof Host)[];
  return keys.every((key) => key === 'user' || isDeepStrictEqual(before[key], now[key]));
}

async function removeUnknown(connect: Connect, old: Outputs, each: Host, context: Context): Promise<void> {
  const { log, signal, stack } = context;
  const reach: Reach = { ...each, identityFile: old.identityFile };
  try {
    const connection = await openHost(connect, reach, old.privateKey, { log, signal });
    const { added } = await readHost(connection, nothingWanted, old.authorizedKey, { signal });
    if (added?.cluster !== stack || added.owner !== old.authorizedKey) return;
    log(`${each.name}: taking away what a run that was cut off left there`);
    await removeFromHost(connection, added, { log, signal });
  } catch (error) {
    signal.throwIfAborted();
    // A host that was cleaned knows the stack's key no more, and the operator's may be elsewhere today.
    if (!(error instanceof AuthenticationError))
      log(`${each.name} was not looked at again: ${messageWithCauses(error)}`);
  }
}
