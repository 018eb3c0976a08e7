import * as z from 'zod';
import type { Image } from '../../image/image.ts';
import { look, type Places, type PushMachine } from '../../image/look.ts';
import { type Candidate, type PushPlan, planPush } from '../../image/plan.ts';
import { layersText, planLines } from '../../image/plan-text.ts';
import { push } from '../../image/push.ts';
import { PushProgress } from '../../image/push-progress.ts';
import { recordOf } from '../../image/record.ts';
import { removeImage } from '../../image/remove.ts';
import { versionOf, withImage } from '../../image/source.ts';
import { messageOf } from '../../model/message-of.ts';
import { heartbeat } from '../../model/remind.ts';
import { Turns } from '../../model/turns.ts';
import type { AgentApi } from '../../push/api.ts';
import type { ConnectOptions } from '../../ssh/connect.ts';
import type { Connection } from '../../ssh/connection.ts';
import { changeApi, forLooks } from '../cluster-access.ts';
import { type MachineAccess, machineAccess, sshTarget } from '../machine-access.ts';
import { type Context, InitFailed, type ResourceHandler } from '../resource.ts';

const source = z.object({
  /** A folder, a file, or an image of this computer's Docker. */
  source: z.string(),
  select: z.string().optional(),
  /** Of an image that is there for several: `linux/amd64`. */
  platform: z.string(),
});

const inputs = source.extend({
  machines: z.array(machineAccess).min(1),
  privateKey: z.string(),
  /** What machines and units call it: `app:1`. */
  name: z.string(),
  /** What changes with the image; `complete` fills it in. */
  version: z.string(),
});

const outputs = inputs.extend({
  /** As Docker has it: the digest of its config. */
  imageId: z.string(),
  /** Of its manifest. */
  digest: z.string(),
  /** Machines that refresh found without it, or that a push did not reach. */
  missing: z.array(z.string()).default([]),
});

const sketched = source.extend({ name: z.string() });

type Inputs = z.output<typeof inputs>;
type Outputs = z.output<typeof outputs>;

/** Connections to machines, as the pool has them. */
export interface Machines {
  get(target: ReturnType<typeof sshTarget>, options: ConnectOptions): Promise<Connection>;
}

/**
 * An image on the Docker of every machine. Pushes take turns: the second one finds what the first has brought, and each
 * has the line for itself.
 *
 * @param surroundings others than a cluster's own only in tests
 */
export function image(
  pool: Machines,
  { places, agents = (of, context) => changeApi(pool, of, context) }: Partial<Surroundings> = {},
): ResourceHandler<Inputs, Outputs> {
  const turns = new Turns();
  const use: Use = { pool, places, agents };
  return {
    inputs,
    outputs,
    computed: ['imageId', 'digest'],
    changes: { name: 'replace' },

    drift: ({ missing }): Record<string, string> =>
      missing.length > 0 ? { missing: `it is not on ${missing.join(', ')}` } : {},

    async complete(properties) {
      const { data } = source.safeParse(properties);
      return data ? { version: await versionOf(data) } : {};
    },

    async preview(wanted, _old, context) {
      await withImage(wanted, context.signal, async (image) => {
        const { plan } = await planFor(use, image, wanted, context);
        for (const line of planLines(plan)) context.log(line);
      });
      return {};
    },

    async sketch(known, _old, { log, signal }) {
      const wanted = sketched.parse(known);
      await withImage({ ...wanted, unread: true }, signal, async ({ layers }) =>
        log(`${wanted.name} goes to every machine: ${layersText(layers)}, once from here`),
      );
      return {};
    },

    async create(wanted, context) {
      return { id: idOf(context), outputs: await turns.take(() => bring(use, wanted, context)) };
    },

    async update(_id, wanted, _old, context) {
      return turns.take(() => bring(use, wanted, context));
    },

    async read(_id, old, _wanted, context) {
      const candidates = await look(machinesOf(use, old, forLooks(context)), context.signal);
      const missing = candidates.filter((each) => lacks(each, old)).map(({ name }) => name);
      return { outputs: { ...old, missing } };
    },

    async delete(_id, old, context) {
      // First: machines whose units name it would get it from each other again.
      await forgetRecord(use, old, context);
      await Promise.all(machinesOf(use, old, context).map((machine) => forget(machine, old, context)));
    },
  };
}

/** What there is around the machines of a cluster. */
interface Surroundings {
  /** Where things are on a machine. */
  readonly places: (machine: string) => Places;
  readonly agents: (of: Access, context: Context) => AgentApi;
}

type Access = Pick<Inputs, 'machines' | 'privateKey'>;

interface Use {
  readonly pool: Machines;
  readonly places: Surroundings['places'] | undefined;
  readonly agents: Surroundings['agents'];
}

const idOf = ({ stack, name }: Context) => `${stack}/${name}`;

function machinesOf(
  { pool, places }: Use,
  { machines, privateKey }: Access,
  { log, signal, deadline }: ConnectOptions,
): PushMachine[] {
  const options = { ...(log && { log }), ...(signal && { signal }), ...(deadline && { deadline }) };
  return machines.map((machine: MachineAccess) => ({
    name: machine.name,
    address: machine.address,
    connect: () => pool.get(sshTarget(machine, privateKey), options),
    ...(places && { places: places(machine.name) }),
  }));
}

async function planFor(
  use: Use,
  image: Image,
  wanted: Inputs,
  options: Context,
): Promise<{ machines: PushMachine[]; candidates: readonly Candidate[]; plan: PushPlan }> {
  const machines = machinesOf(use, wanted, options);
  const candidates = await look(machines, options.signal, options.log);
  return { machines, candidates, plan: planPush(image, wanted.name, candidates) };
}

async function bring(use: Use, wanted: Inputs, context: Context): Promise<Outputs> {
  const { log, signal } = context;
  return withImage(wanted, signal, async (image) => {
    const { machines, candidates, plan } = await planFor(use, image, wanted, context);
    const outputs = { ...wanted, imageId: image.config.digest, digest: image.manifest.digest, missing: [] };
    const record = () => use.agents(wanted, context).recordImage(recordOf(wanted.name, image));
    if (plan.steps.every(({ action }) => action === 'keep')) {
      await record();
      return outputs;
    }
    const fit = candidates.filter((each) => !isForOthers(each, image));
    for (const { machine, reason } of plan.steps)
      if (!fit.some(({ name }) => name === machine)) log(`${machine} is left out: ${reason}`);
    if (fit.length === 0) throw new Error(`${wanted.name} is for ${wanted.platform}, and no machine is`);
    const progress = new PushProgress(image, plan, log);
    const beat = heartbeat(log, () => progress.summary());
    try {
      const options = { name: wanted.name, signal, onEvent: progress.onEvent };
      const { failed } = await push(image, machines, fit, options);
      if (failed.size < fit.length) await record();
      if (failed.size === 0) return outputs;
      throw new InitFailed(sayFailed(wanted.name, failed), idOf(context), {
        ...outputs,
        missing: [...failed.keys()],
      });
    } finally {
      beat.stop();
    }
  });
}

function isForOthers({ found }: Candidate, { architecture }: Pick<Image, 'architecture'>): boolean {
  return typeof found !== 'string' && found.architecture !== architecture;
}

/** One that gives no answer may have it; its own resource says that it is away. */
function lacks(candidate: Candidate, { name, imageId, platform }: Outputs): boolean {
  const { found } = candidate;
  const architecture = platform.split('/')[1] ?? '';
  if (typeof found === 'string' || isForOthers(candidate, { architecture })) return false;
  return !found.images.some(({ id, names }) => id === imageId && names.includes(name));
}

function sayFailed(name: string, failed: ReadonlyMap<string, string>): string {
  const lines = [...failed].map(([machine, reason]) => `${machine} lacks ${name}: ${reason}`);
  return `${lines.join('\n')}\nWhat has arrived stays, and the next \`up\` goes on from there`;
}

/** Of a newer push the record stays. */
async function forgetRecord(use: Use, old: Outputs, context: Context): Promise<void> {
  const { name, imageId } = old;
  const agents = use.agents(old, context);
  const { images } = await agents.images();
  for (const each of images) if (each.name === name && each.id === imageId) await agents.forgetImage(each);
}

/** A newer push may have given the name to another image, which is not this resource's. */
async function forget(machine: PushMachine, { name, imageId }: Outputs, context: Context): Promise<void> {
  try {
    await removeImage(machine, name, imageId, context.signal);
  } catch (error) {
    context.signal.throwIfAborted();
    context.log(`${machine.name} keeps ${name}: ${messageOf(error)}`);
  }
}
