import { setTimeout as sleep } from 'node:timers/promises';
import { adminUser, buildTemplateConfig } from '../../../../cloud-config/build.ts';
import { renderCloudConfig } from '../../../../cloud-config/cloud-config.ts';
import type { MachineConfig } from '../../../../cloud-config/machine-config.ts';
import type { OperatingSystem } from '../../../model/operating-system.ts';
import { heartbeat } from '../../../model/remind.ts';
import type { MachineSpec } from '../../../qemu/arguments.ts';
import { startMachine } from '../../../qemu/machine.ts';
import { lanMac, renderSeed } from '../../../qemu/seed.ts';
import { waitForSsh } from '../../../qemu/ssh-banner.ts';
import { ensureTemplate, type Template } from '../../../qemu/template.ts';
import { templateHost, templateKey } from '../../../qemu/template-key.ts';
import { commandFailure } from '../../../ssh/command-failure.ts';
import { connect } from '../../../ssh/connect.ts';
import type { Command, Connection, SshTarget } from '../../../ssh/connection.ts';
import { generateSshKey, type SshKeyPair } from '../../../ssh/key-pair.ts';
import { script } from '../../../ssh/script.ts';
import type { Context } from '../../resource.ts';
import { forgetScript, readyScript } from './template-scripts.ts';

/** What of the template's network is replaced in whoever wakes from it; the range is RFC 5737's for documentation. */
export const templateAddress = '192.0.2.1/24';

/** cloud-init's name for the template's life. */
export const templateInstance = 'flotilla-template';

/** Seconds: the whole boot with Docker's first start, and forgetting who it was. */
const deadlines = { connect: 120, ready: 300, forget: 120 };

/** What a machine is to be, as far as a template has part in it. */
export interface Wanted {
  readonly os: OperatingSystem;
  readonly config: MachineConfig;
}

export interface TemplateMachine {
  readonly template: Template;
  /** The config that it has, but for its keys. */
  readonly config: MachineConfig;
}

/** Why a template could not be made. Without this, each machine of a cluster would try the same again. */
const failures = new Map<string, unknown>();

/** The template for machines like this one; when there is none, it is made, which takes as long as a cold start. */
export async function templateFor(
  spec: MachineSpec,
  wanted: Wanted,
  context: Pick<Context, 'log' | 'signal'>,
): Promise<TemplateMachine> {
  const options = { prebuilt: wanted.config.packages.length === 0 };
  const configWith = (login: string, hostKey: SshKeyPair) =>
    buildTemplateConfig(wanted.os, { authorizedKey: login, sshHostKey: hostKey }, options);
  const config = configWith('', { privateKey: '', publicKey: '' });
  const recipe = [renderCloudConfig(config), readyScript, forgetScript];
  const key = templateKey(spec, recipe, await templateHost());
  const make = async (folder: string, memoryFile: string) => {
    if (failures.has(key)) throw failures.get(key);
    context.log(`making template ${key}: a machine without an identity boots once, the others wake from it`);
    const login = generateSshKey('flotilla-template');
    const hostKey = generateSshKey('flotilla-template');
    const machine = templateSpec(spec, folder, configWith(login.publicKey, hostKey));
    await boot(machine, memoryFile, { privateKey: login.privateKey, hostKey: hostKey.publicKey }, context);
    return { privateKey: login.privateKey, hostKey: hostKey.publicKey };
  };
  try {
    return { template: await ensureTemplate(spec, key, make, context), config };
  } catch (error) {
    failures.set(key, error);
    throw error;
  }
}

/** Boots the machine and takes it to where it can be saved. */
async function boot(
  machine: MachineSpec,
  memoryFile: string,
  keys: Pick<SshTarget, 'privateKey' | 'hostKey'>,
  { log, signal }: Pick<Context, 'log' | 'signal'>,
): Promise<void> {
  const { name, folder } = machine;
  const { sshPort } = await startMachine(machine, { log, signal, memoryFile });
  await waitForSsh(name, folder, { log, signal });
  const target = { name, host: '127.0.0.1', port: sshPort, user: adminUser, ...keys };
  const connection = await connect(target, { deadline: deadlines.connect, log, signal });
  await prepare(connection, { log, signal }).finally(() => connection.close());
  // The server's side of the connection ends a moment later, and is not to be saved.
  await sleep(500, undefined, { signal });
}

/** Everything has started that a machine wakes with, and nothing of who it was is left. */
async function prepare(
  connection: Connection,
  { log, signal }: Pick<Context, 'log' | 'signal'>,
): Promise<void> {
  const run = async (command: Command, purpose: string) => {
    const progress = heartbeat(log, () => `template: ${purpose}`);
    const result = await connection.exec(command, signal).finally(() => progress.stop());
    if (result.status !== 0) throw new Error(commandFailure(command, 'the template', result));
  };
  const root = true;
  await run(
    script('flotilla-template-ready', readyScript, [], { root, timeout: deadlines.ready }),
    'booted; Docker starts, waiting for quiet',
  );
  const timeout = deadlines.forget;
  await run(
    script('flotilla-template-forget', forgetScript, [templateInstance], { root, timeout }),
    'forgetting who it was',
  );
}

function templateSpec(spec: MachineSpec, folder: string, config: MachineConfig): MachineSpec {
  const seed = renderSeed({
    hostname: config.hostname,
    instanceId: templateInstance,
    address: templateAddress,
    userData: renderCloudConfig(config),
  });
  return { ...spec, name: 'template', folder, lanMac: lanMac(templateAddress), seed, ports: [] };
}
