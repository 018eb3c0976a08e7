import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { renderFirstBoot } from '../../../../cloud-config/first-boot.ts';
import { stackFolder } from '../../../model/home.ts';
import { messageWithCauses } from '../../../model/message-of.ts';
import { operatingSystems, systemTraits } from '../../../model/operating-system.ts';
import { chooseAccelerator } from '../../../qemu/accelerator.ts';
import type { MachineSpec } from '../../../qemu/arguments.ts';
import { type Image, imageCache, readImage } from '../../../qemu/image.ts';
import { startMachine } from '../../../qemu/machine.ts';
import { type MachineState, readMachine } from '../../../qemu/machine-state.ts';
import { lifeOf, machineFolder, machinePaths } from '../../../qemu/paths.ts';
import { lanFile, lanMac, renderSeed, type Seed, seedFiles } from '../../../qemu/seed.ts';
import { waitForSsh } from '../../../qemu/ssh-banner.ts';
import { stopMachine } from '../../../qemu/stop-machine.ts';
import { machineConfig } from '../../machine-config.ts';
import { type Context, InitFailed, type ResourceHandler } from '../../resource.ts';
import { recordIdentity } from '../identity-record.ts';
import { inTheWay } from './beside.ts';
import { discardUnfinished, isUnfinished, warmStart } from './warm-start.ts';

const inputs = z.object({
  /** States of earlier versions don't say. */
  os: z.enum(operatingSystems).default('debian-13'),
  image: z.string(),
  cpus: z.number(),
  memory: z.number(),
  disk: z.number(),
  /** On the cluster's network, with the prefix's length: `10.77.1.11/16`. */
  address: z.string(),
  publishedPorts: z.array(z.number()),
  instanceId: z.string(),
  config: machineConfig,
  start: z.enum(['warm', 'cold']),
});

const outputs = inputs.extend({
  host: z.string().default('127.0.0.1'),
  port: z.number().default(0),
  running: z.boolean().default(false),
  incarnation: z.string().default(''),
  /** The name of its folder. States of earlier versions don't say: it was the machine's name. */
  life: z.string().default(''),
});

/** What a preview knows of a machine whose one-time host key is still to come. */
const sketched = inputs.pick({ instanceId: true });

type Inputs = z.output<typeof inputs>;
type Outputs = z.output<typeof outputs>;

/** What QEMU is told once, at its start. */
const fixed = ['cpus', 'memory', 'disk', 'address'] as const;

export const machine: ResourceHandler<Inputs, Outputs> = {
  inputs,
  outputs,
  computed: ['host', 'port', 'running', 'incarnation', 'life'],

  drift: ({ running }): Record<string, string> => (running ? {} : { running: 'QEMU has ended' }),

  async preview(wanted, old, context) {
    if (old) refuseOtherHardware(context.name, old, wanted);
    return {};
  },

  /** A new machine's preview knows no one-time host key yet, so this is the one that says what is in its way. */
  async sketch(known, old, context) {
    if (!old) await refuseBeside(sketched.parse(known), context);
    return {};
  },

  async create(wanted, context) {
    const life = lifeOf(context.name, generationIn(wanted, context));
    await refuseBeside(wanted, context);
    await refuseStranger(folderOf(life, context), wanted, context);
    return { id: idOf(life, context), outputs: await start(wanted, life, context) };
  },

  async read(_id, old, _inputs, context) {
    const folder = folderOf(knownLife(old, context), context);
    const state = await readMachine(folder);
    const running = state?.running === true && !(await isUnfinished(folder));
    return state && { outputs: { ...old, ...outputsOf({ ...state, running }) } };
  },

  async update(_id, wanted, old, context) {
    refuseOtherHardware(context.name, old, wanted);
    return start(wanted, knownLife(old, context), context);
  },

  async delete(_id, old, context) {
    await stopMachine(folderOf(knownLife(old, context), context), context.log);
  },
};

/** Starts it if it does not run, and waits for its SSH. Whatever exists is kept in the state on failure. */
async function start(wanted: Inputs, life: string, context: Context): Promise<Outputs> {
  const spec = await specOf(wanted, folderOf(life, context), context);
  await discardUnfinished(spec.folder, context.log);
  if (!(await readMachine(spec.folder))) await tryWarmStart(spec, wanted, context);
  const state = await startMachine(spec, context);
  const result = { ...wanted, ...outputsOf(state), incarnation: await incarnationOf(spec.folder), life };
  try {
    await waitForSsh(spec.name, spec.folder, { log: context.log, signal: context.signal });
  } catch (error) {
    throw new InitFailed(
      messageWithCauses(error),
      idOf(life, context),
      { ...result, running: false },
      { cause: error },
    );
  }
  return result;
}

/** A machine that can't be woken is booted: the same comes of it, only later. */
async function tryWarmStart(spec: MachineSpec, wanted: Inputs, context: Context): Promise<void> {
  if (wanted.start === 'cold') return context.log('booting, because flotilla:local.start is cold');
  const { firstBoot, label } = systemTraits[wanted.os];
  if (firstBoot === 'ignition')
    return context.log(`booting: ${label} becomes who it is before its system starts, so it can't be woken`);
  try {
    const oneTimeHostKey = wanted.config.sshHostKey.publicKey;
    const of = { stack: context.stack, machine: context.name, oneTimeHostKey };
    await warmStart(spec, wanted, (identity) => recordIdentity(of, identity), context);
  } catch (error) {
    context.signal.throwIfAborted();
    context.log(`cold start, because a warm one failed: ${messageWithCauses(error)}`);
  }
}

const folderOf = (life: string, { stack }: Context) => machineFolder(stackFolder(stack), life);

const knownLife = ({ life }: Outputs, { name }: Context) => life || name;

/** `core-1-2` names the second life of core-1. */
const generationIn = ({ instanceId }: Pick<Inputs, 'instanceId'>, { name }: Context) =>
  Number(instanceId.slice(name.length + 1));

function refuseOtherHardware(name: string, old: Inputs, wanted: Inputs): void {
  const changed = fixed.filter((key) => old[key] !== wanted[key]);
  if (changed.length === 0) return;
  throw new Error(
    `${name}: ${changed.join(', ')} of a machine cannot change while it lives: put the old value back, or, unless it is an etcd member, raise the generation: of its group to replace it by a new one`,
  );
}

async function refuseBeside(wanted: Pick<Inputs, 'instanceId'>, context: Context): Promise<void> {
  const reason = await inTheWay(stackFolder(context.stack), context.name, generationIn(wanted, context));
  if (reason !== undefined) throw new Error(reason);
}

const idOf = (life: string, { stack }: Context) => `${stack}/${life}`;

/** Names one life of the machine: a disk that was made anew holds another, and has to be met anew. */
async function incarnationOf(folder: string): Promise<string> {
  const file = join(folder, 'incarnation');
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known !== '') return known;
  const fresh = randomUUID();
  await writeFile(file, fresh, { flush: true });
  return fresh;
}

function outputsOf({ running, sshPort }: MachineState) {
  return { host: '127.0.0.1', port: sshPort, running };
}

async function specOf(wanted: Inputs, folder: string, { name, log }: Context): Promise<MachineSpec> {
  const image = await imageOf(wanted.image);
  const { accelerator, reason } = await chooseAccelerator(image, { log });
  if (accelerator === 'tcg') log(`emulated: ${reason}`);
  return {
    name,
    folder,
    image,
    accelerator,
    cpus: wanted.cpus,
    memory: wanted.memory,
    disk: wanted.disk,
    lanMac: lanMac(wanted.address),
    seed: seedOf(wanted),
    ports: wanted.publishedPorts,
  };
}

function seedOf({ os, config, instanceId, address }: Inputs): Seed {
  if (systemTraits[os].firstBoot === 'ignition')
    return { ignition: renderFirstBoot(os, { ...config, files: [...config.files, lanFile(address)] }) };
  const userData = renderFirstBoot(os, config);
  return renderSeed({ hostname: config.hostname, instanceId, address, userData });
}

async function imageOf(key: string): Promise<Image> {
  const image = await readImage(join(imageCache(), key));
  if (image) return image;
  throw new Error(
    `image ${key} is gone from ${imageCache()}; run \`npx pulumi up --refresh\` to have it made again`,
  );
}

/**
 * A folder that is there before its create is what a run that was cut off left, and is adopted. With other user
 * data it belongs to another state, whose keys we don't have: nobody but its owner may take it away.
 */
async function refuseStranger(folder: string, wanted: Inputs, { name }: Context): Promise<void> {
  const [[file, own] = ['', '']] = seedFiles(seedOf(wanted));
  const found = await readFile(join(machinePaths(folder).seed, file), 'utf8').catch(() => own);
  if (found === own) return;
  throw new Error(
    `a machine ${name} of another Pulumi state lives in ${folder}: destroy it from there, or, if that state is lost, end its QEMU (pid in ${machinePaths(folder).pid}) and remove the folder`,
  );
}
