import { setTimeout as sleep } from 'node:timers/promises';
import { adminUser, buildTemplateConfig } from '../../../../cloud-config/build.ts';
import { renderCloudConfig } from '../../../../cloud-config/cloud-config.ts';
import type { MachineConfig } from '../../../../cloud-config/machine-config.ts';
import type { OperatingSystem } from '../../../model/operating-system.ts';
import type { MachineSpec } from '../../../qemu/arguments.ts';
import { heartbeat } from '../../../qemu/log.ts';
import { startMachine } from '../../../qemu/machine.ts';
import { lanMac, renderSeed } from '../../../qemu/seed.ts';
import { waitForSsh } from '../../../qemu/ssh-banner.ts';
import { ensureTemplate, type Template, templateKey } from '../../../qemu/template.ts';
import { connect } from '../../../ssh/connect.ts';
import type { Command, SshTarget } from '../../../ssh/connection.ts';
import { generateSshKey, type SshKeyPair } from '../../../ssh/key-pair.ts';
import { script } from '../../../ssh/script.ts';
import type { Context } from '../../resource.ts';

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
  const key = await templateKey(spec, [renderCloudConfig(config), readyScript, forgetScript]);
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
  const run = async (command: Command, purpose: string) => {
    const progress = heartbeat(log, () => `template: ${purpose}`);
    const { status, stderr } = await connection.exec(command, signal).finally(() => progress.stop());
    if (status !== 0) throw new Error(`preparing the template failed (${status}): ${stderr.trim()}`);
  };
  try {
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
  } finally {
    await connection.close();
  }
  // The server's side of the connection ends a moment later, and is not to be saved.
  await sleep(500, undefined, { signal });
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

/**
 * Waits for the end of the boot and runs everything once that machines will run: what was read stays in memory, and
 * with it each of them starts faster. Two thirds of what the first container costs are work that the next ones don't
 * have: the kernel's modules, the firewall's tables, pages of programs. So the template has had one, of busybox, and
 * keeps nothing of it. Then waits for quiet, a second in which the processor was nine tenths idle.
 */
const readyScript = `
set -eu
systemctl is-system-running --wait > /dev/null || true
systemctl start docker.service
docker version > /dev/null
for program in etcd etcdctl node docker openssl busybox; do
  path=$(command -v $program) && cat "$path" > /dev/null
done
node --version > /dev/null
etcd --version > /dev/null
trial=/run/flotilla-trial
mkdir -p $trial/bin
cp "$(command -v busybox)" $trial/bin/sh
image=$(tar -C $trial -c . | docker import -)
docker run --rm --publish 127.0.0.1::8080 "$image" sh -c true
docker image rm "$image" > /dev/null
rm -r $trial
tries=0
until [ $tries -ge 30 ]; do
  read -r _ before_user before_nice before_system before_idle _ < /proc/stat
  sleep 1
  read -r _ user nice system idle _ < /proc/stat
  busy=$((user + nice + system - before_user - before_nice - before_system))
  [ $busy -gt $(( (idle - before_idle) / 9 )) ] || break
  tries=$((tries + 1))
done
`;

/**
 * Takes away whatever would make two machines one: on disk, in the kernel and in the memory of services. systemd is
 * executed anew over an empty machine-id, so that it knows none; journald keeps nothing from here on; networkd, which has
 * an identity that it only gives up by ending, is stopped and started again by whoever wakes. Docker goes on running: the
 * id of its engine, of which it makes no use, is another one from its next start on.
 */
const forgetScript = `
set -eu
cloud=/var/lib/cloud/instances/$1
find "$cloud" -mindepth 1 -maxdepth 1 ! -name sem -exec rm -rf {} +
rm -f /var/lib/cloud/instance /var/lib/cloud/data/*instance-id /var/lib/cloud/data/set-hostname
rm -f /var/log/cloud-init*.log /run/cloud-init/.instance-id /run/cloud-init/*.json
mkdir -p /run/systemd/journald.conf.d
printf '[Journal]\\nStorage=none\\n' > /run/systemd/journald.conf.d/flotilla-template.conf
systemctl restart systemd-journald.service
rm -rf /var/log/journal/*
rm -f /var/lib/systemd/random-seed
: > /etc/machine-id
systemctl daemon-reexec
set -- $(ip -o -4 address show to 10.0.2.0/24)
card=$2 address=$4
systemctl stop network-online.target systemd-networkd-wait-online.service systemd-networkd.socket systemd-networkd.service
rm -rf /run/systemd/netif/leases/* /var/lib/systemd/network/*
ip link set "$card" up
ip address replace "$address" dev "$card"
ip route replace default via 10.0.2.2
sync
fstrim / || true
`;
