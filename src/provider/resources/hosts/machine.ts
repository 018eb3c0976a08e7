import * as z from 'zod';
import type { HostState } from '../../../hosts/facts.ts';
import { operatorTarget, type Reach, reachHost, reachSchema, stackTarget } from '../../../hosts/login.ts';
import { placeProblems } from '../../../hosts/others.ts';
import { applyToHost, NotRoot, readHost, removeFromHost } from '../../../hosts/perform.ts';
import { planHost, sayHostOperation } from '../../../hosts/plan.ts';
import { type Added, addedSchema, recordPath } from '../../../hosts/record.ts';
import type { Owner } from '../../../hosts/record-script.ts';
import type { WantedHost } from '../../../hosts/wanted.ts';
import { isMachineId, machineIdOf } from '../../../model/machine-id.ts';
import { messageWithCauses } from '../../../model/message-of.ts';
import { InvalidInput } from '../../../model/problem.ts';
import { upCommand } from '../../../model/up-command.ts';
import type { Connection } from '../../../ssh/connection.ts';
import { AuthenticationError, HostKeyError } from '../../../ssh/errors.ts';
import type { Connect } from '../../../ssh/pool.ts';
import { type Context, InitFailed, type ResourceHandler, unknownValue } from '../../resource.ts';
import { withRecord } from './lost-record.ts';

const wantedHost: z.ZodType<WantedHost> = z.object({
  packages: z.array(z.string()),
  groups: z.array(z.string()),
  user: z.object({ name: z.string(), groups: z.array(z.string()) }),
  files: z.array(z.object({ path: z.string(), contents: z.string(), mode: z.string() })),
  units: z.array(z.object({ name: z.string(), waits: z.boolean() })),
});

const inputs = reachSchema.extend({
  identityFile: z.string().optional(),
  wanted: wantedHost,
  privateKey: z.string(),
  authorizedKey: z.string(),
});

const outputs = inputs.extend({
  machineId: z.string().default(''),
  provedKey: z.string().default(''),
  /** What refresh found to be otherwise, in words. */
  drifted: z.array(z.string()).default([]),
  /** A copy of the host's record, for when that gets lost. */
  record: addedSchema.optional(),
});

type Inputs = z.output<typeof inputs>;
type Outputs = z.output<typeof outputs>;

/** What can be looked at before the stack's login key exists. */
const sketched = reachSchema.extend({ identityFile: z.string().optional(), wanted: wantedHost });

/** Seconds. At a look, one that is off is told of soon; at a destroy nobody wants to wait for long either. */
const patience = { look: 10, farewell: 20 };

/** What Flotilla needs on a host that is there already: put there, watched, and taken away again. */
export function machine(connect: Connect): ResourceHandler<Inputs, Outputs> {
  return {
    inputs,
    outputs,
    computed: ['machineId', 'provedKey'],

    drift: ({ drifted }): Record<string, string> =>
      drifted.length > 0 ? { drifted: drifted.join('; ') } : {},

    async preview(wanted, old, context) {
      const { facts, provedKey } = await lookForPlan(connect, wanted, old, context);
      if (old) refuseOther(old, wanted, facts, provedKey, context);
      return show(facts, wanted.wanted, provedKey, context);
    },

    async sketch(known, _old, context) {
      if (JSON.stringify(known.wanted ?? unknownValue).includes(unknownValue)) return {};
      const wanted = sketched.parse(known);
      const connection = await connect(await operatorTarget(reachOf(wanted, context)), context);
      const facts = await readHost(connection, wanted.wanted, '', context);
      return show(facts, wanted.wanted, connection.target.hostKey, context);
    },

    async create(wanted, context) {
      const connection = await first(connect, wanted, context);
      const facts = await readHost(connection, wanted.wanted, wanted.authorizedKey, context);
      return {
        id: `${context.stack}/${context.name}`,
        outputs: await apply(connect, connection, facts, wanted, context),
      };
    },

    async update(_id, wanted, old, context) {
      return withHost(connect, wanted, context, async (connection) => {
        const found = await readHost(connection, wanted.wanted, wanted.authorizedKey, context);
        refuseOther(old, wanted, found, connection.target.hostKey, context);
        const facts = withRecord(found, old, context.name);
        return apply(connect, connection, facts, wanted, context);
      });
    },

    async read(_id, old, _inputs, context) {
      return { outputs: { ...old, ...(await lookAgain(connect, old, context)) } };
    },

    async delete(_id, old, context) {
      try {
        await withHost(connect, old, { ...context, deadline: patience.farewell }, (connection) =>
          takeAway(connection, old, context),
        );
      } catch (error) {
        context.signal.throwIfAborted();
        throw farewell(error, old, context);
      }
    },
  };
}

function reachOf(wanted: z.output<typeof sketched>, { name }: Pick<Context, 'name'>): Reach {
  return { ...wanted, name };
}

function ownerOf({ authorizedKey }: Inputs, { stack, name }: Context): Owner {
  return { cluster: stack, machine: name, owner: authorizedKey };
}

type Dialing = Context & { readonly deadline?: number };

function withHost<T>(
  connect: Connect,
  wanted: Inputs,
  { name, log, signal, deadline }: Dialing,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const options = { log, signal, ...(deadline === undefined ? {} : { deadline }) };
  const login = { user: wanted.wanted.user.name, privateKey: wanted.privateKey };
  return reachHost(
    connect,
    reachOf(wanted, { name }),
    login,
    options,
    work,
    (error) => error instanceof NotRoot,
  );
}

/** The operator comes first to a host that is new; a run before this one may have let the stack in already. */
async function first(connect: Connect, wanted: Inputs, context: Context): Promise<Connection> {
  const reach = reachOf(wanted, context);
  try {
    return await connect(await operatorTarget(reach), context);
  } catch (error) {
    if (error instanceof HostKeyError) throw error;
    const target = stackTarget(reach, wanted.wanted.user.name, wanted.privateKey);
    return await connect(target, { ...context, deadline: patience.look }).catch(() => Promise.reject(error));
  }
}

async function lookForPlan(
  connect: Connect,
  wanted: Inputs,
  old: Outputs | undefined,
  context: Context,
): Promise<{ facts: HostState; provedKey: string }> {
  const look = async (connection: Connection) => ({
    facts: await readHost(connection, wanted.wanted, wanted.authorizedKey, context),
    provedKey: connection.target.hostKey,
  });
  return old ? withHost(connect, wanted, context, look) : look(await first(connect, wanted, context));
}

/** Preview's list is what `up` does: the same function makes it. */
function show(facts: HostState, wanted: WantedHost, provedKey: string, { log }: Context): Partial<Outputs> {
  for (const operation of planHost(facts, wanted)) log(sayHostOperation(operation));
  return { machineId: facts.machineId, provedKey };
}

/**
 * Another host in a machine's place would leave what was added to the one before. And what a host says of itself counts
 * once, before it is one of the cluster: whoever has broken into it later would become any other machine by a word. A
 * host that was installed anew has another host key, which the operator has named.
 */
function refuseOther(
  old: Outputs,
  wanted: Inputs,
  { machineId }: HostState,
  provedKey: string,
  { name }: Context,
): void {
  if (machineId === old.machineId || !isMachineId(old.machineId)) return;
  if (old.address !== wanted.address || old.port !== wanted.port)
    throw new Error(
      `${name}: ${wanted.address}:${wanted.port} is another host than ${old.address}:${old.port} was; put the old one back into flotilla:hosts, lower the count of its group, ${upCommand()}, and then name the new one`,
    );
  if (old.provedKey !== '' && provedKey !== old.provedKey) return;
  throw new Error(
    `${name}: the machine id of ${wanted.address}:${wanted.port} is ${JSON.stringify(machineId)}, and was ${old.machineId} when it became a machine of the cluster, ` +
      `which knows it by that one. If nobody of yours has changed it, somebody broke in there. To keep the host, put it back: \`echo ${old.machineId} > /etc/machine-id\` there, and reboot it. ` +
      `Otherwise take it out of the stack and in again: lower the count of its group, ${upCommand()}, and raise it`,
  );
}

/** What is there already stays in the state, whatever fails. */
async function apply(
  connect: Connect,
  connection: Connection,
  facts: HostState,
  wanted: Inputs,
  context: Context,
): Promise<Outputs> {
  const { log, signal, stack, name } = context;
  const provedKey = connection.target.hostKey;
  let record = facts.added;
  const machineId = machineIdOf(name, facts.machineId);
  const result = () => ({ ...wanted, machineId, provedKey, drifted: [], ...(record && { record }) });
  refuseStranger(facts, wanted, context);
  try {
    const recorded = (added: Added) => {
      record = added;
    };
    const owner = ownerOf(wanted, context);
    await applyToHost(connection, facts, wanted.wanted, owner, { log, signal, recorded });
    const login = stackTarget(reachOf(wanted, context), wanted.wanted.user.name, wanted.privateKey);
    await connect({ ...login, hostKey: provedKey }, context);
    return result();
  } catch (error) {
    const failed = { ...result(), drifted: ['its set-up failed'] };
    throw new InitFailed(sayFailure(error, wanted), `${stack}/${name}`, failed, { cause: error });
  }
}

function sayFailure(error: unknown, { wanted: { user } }: Inputs): string {
  if (!(error instanceof AuthenticationError)) return messageWithCauses(error);
  return `${messageWithCauses(error)} Everything is set up there, but its sshd does not let ${user.name} in: see AllowUsers, AllowGroups and AuthorizedKeysFile in sshd_config(5), and, where UsePAM is no, whether the account is locked (\`passwd -S ${user.name}\` says L; \`usermod -p '*' ${user.name}\` lets keys in and no password)`;
}

/** Said at preview by the network, and here once more, since a host may have been taken meanwhile. */
function refuseStranger(state: HostState, wanted: Inputs, context: Context): void {
  const { added, flotilla } = state;
  const { cluster, machine, owner } = ownerOf(wanted, context);
  if (added === undefined && !flotilla) {
    refuseTaken(state, machine);
    return;
  }
  if (added?.cluster === cluster && added.machine === machine && added.owner === owner) return;
  const whose = added ? `${added.machine} of the stack ${added.cluster}` : 'set up by its first boot';
  throw new Error(`${machine}: the host is in another Flotilla cluster (${whose}); destroy that one first`);
}

function refuseTaken(state: HostState, machine: string): void {
  const problems = placeProblems(state, machine);
  if (problems.length > 0) throw new InvalidInput('The host cannot be used; nothing was changed:', problems);
}

async function lookAgain(
  connect: Connect,
  old: Outputs,
  context: Context,
): Promise<Pick<Outputs, 'drifted' | 'record'>> {
  const quiet = { ...context, log: () => undefined, deadline: patience.look };
  try {
    return await withHost(connect, old, quiet, async (connection) => {
      const facts = await readHost(connection, old.wanted, old.authorizedKey, context);
      const drifted = [
        ...(isMachineId(old.machineId) && facts.machineId !== old.machineId
          ? [`its machine id is not ${old.machineId} any more`]
          : []),
        ...(facts.added ? [] : [`write ${recordPath}: it is gone`]),
        ...planHost(facts, old.wanted).map(sayHostOperation),
      ];
      return facts.added?.owner === old.authorizedKey ? { drifted, record: facts.added } : { drifted };
    });
  } catch (error) {
    context.signal.throwIfAborted();
    return { drifted: [`it does not answer: ${messageWithCauses(error)}`] };
  }
}

async function takeAway(connection: Connection, old: Outputs, context: Context): Promise<void> {
  const { log, signal, name } = context;
  const facts = await readHost(connection, old.wanted, old.authorizedKey, { signal });
  const { added } = withRecord(facts, old, name);
  if (!added) return log('nothing of Flotilla is there');
  if (added.owner !== old.authorizedKey)
    return log(`left alone: it is ${added.machine} of the stack ${added.cluster} now`);
  if (!facts.recorded) log(`${recordPath} is gone: what is taken away goes by the state's copy of it`);
  await removeFromHost(connection, added, { log, signal }, facts.recorded);
}

function farewell(error: unknown, { address, port }: Outputs, { name, urn }: Context): Error {
  return new Error(
    `${name}: what Flotilla added to ${address}:${port} cannot be taken away: ${messageWithCauses(error)}. ` +
      'Bring the host back and run it again; or, if it is gone for good or was reinstalled, forget it: ' +
      `npx pulumi state delete '${urn}', and run it again`,
    { cause: error },
  );
}
