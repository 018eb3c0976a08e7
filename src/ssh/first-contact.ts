import { isMachineId } from '../model/machine-id.ts';
import { messageOf } from '../model/message-of.ts';
import { reminding } from '../model/remind.ts';
import { upCommand } from '../model/up-command.ts';
import { commandFailure } from './command-failure.ts';
import type { ConnectOptions } from './connect.ts';
import type { Command, Connection, SshTarget } from './connection.ts';
import { HostKeyError } from './errors.ts';
import type { Connect } from './pool.ts';
import { canonicalPublicKey } from './public-key.ts';
import { programName, script } from './script.ts';

/** What a machine is known by from then on. */
export interface MachineIdentity {
  /** Its lasting host key, `ssh-ed25519 AAAA…`; the private half was made on the machine and never left it. */
  readonly hostKey: string;
  /** /etc/machine-id */
  readonly machineId: string;
}

/** What an earlier run has noted. */
export interface RecordedIdentity {
  readonly hostKey: string;
  /** Only where the machine was known to have no other host key any more. */
  readonly machineId?: string | undefined;
}

export interface FirstContactOptions extends ConnectOptions {
  /** What an earlier run recorded, if one did: the machine may show that key or still the one-time key. */
  readonly recorded?: RecordedIdentity;
  /**
   * Called with the lasting key before the machine switches to it; the switch waits until it resolves. It must store
   * the key durably, or else a run that ends after the switch leaves a machine nobody can recognise.
   */
  readonly record: (hostKey: string) => Promise<void>;
  /** Whose connections they are: none is closed here, and whoever comes next may use the last one at once. */
  readonly connect: Connect;
}

/**
 * Replaces a machine's one-time host key, which whoever reads its user data knows, by one that only the machine has.
 * Two round trips; one where the machine shows the recorded key and no other any more, and none where that is known. It
 * may end anywhere and be run again.
 *
 * @param target with the one-time host key
 * @returns the identity, after the machine has proved the lasting key on a new connection
 */
export async function firstContact(
  target: SshTarget,
  options: FirstContactOptions,
): Promise<MachineIdentity> {
  const { connection, proved } = await reach(target, options);
  if (proved?.machineId) return { hostKey: proved.hostKey, machineId: proved.machineId };
  const run = (command: Command) => runOn(connection, command, options);
  const { only, ...identity } = parsePrepared(target.name, await run(prepareCommand()));
  if (only && identity.hostKey === proved?.hostKey) return identity;
  if (identity.hostKey !== options.recorded?.hostKey) await options.record(identity.hostKey);
  await run(commitCommand());
  await options.connect({ ...target, hostKey: identity.hostKey }, options);
  return identity;
}

interface Reached {
  readonly connection: Connection;
  /** What was recorded, if the machine showed that key. */
  readonly proved?: RecordedIdentity;
}

/** By the recorded key where there is one; by the one-time key when the machine has not switched yet. */
async function reach(target: SshTarget, options: FirstContactOptions): Promise<Reached> {
  const { recorded, connect } = options;
  if (recorded === undefined) return { connection: await connect(target, options) };
  try {
    const { hostKey } = recorded;
    return { connection: await connect({ ...target, hostKey }, options), proved: recorded };
  } catch (error) {
    if (!(error instanceof HostKeyError)) throw error;
    return { connection: await connect(target, options) };
  }
}

/**
 * The lasting key's file. Not `ssh_host_ed25519_key`: cloud-init's ssh module deletes /etc/ssh/ssh_host_*key* and
 * writes the user data's keys there whenever it takes the machine for a new instance.
 */
export const lastingKeyFile = '/etc/ssh/flotilla_host_ed25519_key';

/** Sorts before the distribution's own files: sshd takes the first value it meets, of HostKey all. */
export const lastingKeyConfig = '/etc/ssh/sshd_config.d/00-flotilla-host-key.conf';

/** Makes the lasting key unless it is there, and prints it with the machine's ids. Changes nothing sshd sees. */
function prepareCommand(): Command {
  const args = [lastingKeyFile, lastingKeyConfig];
  return script('flotilla-host-key-prepare', prepareScript, args, { root: true });
}

const prepareScript = `
set -eu
umask 077
if [ ! -s "$1" ]; then
  rm -f "$1.new" "$1.new.pub"
  ssh-keygen -q -t ed25519 -N '' -C '' -f "$1.new"
  sync "$1.new"
  mv "$1.new" "$1"
  rm -f "$1.new.pub"
fi
echo "hostKey=$(ssh-keygen -y -f "$1")"
read -r id < /etc/machine-id || true
echo "machineId=$id"
[ ! -e "$2" ] || for other in /etc/ssh/ssh_host_*_key; do [ -e "$other" ] || echo only=yes; done
`;

/**
 * Switches sshd to the lasting key by one rename, makes sure that it is now the only one, and deletes the one-time
 * key. Connections that are open stay so. The copy in cloud-init's user data remains: it proves nothing any more.
 */
function commitCommand(): Command {
  const args = [lastingKeyFile, lastingKeyConfig];
  return script('flotilla-host-key-commit', commitScript, args, { root: true });
}

const commitScript = `
set -eu
mkdir -p "$(dirname "$2")"
printf 'HostKey %s\\n' "$1" > "$2.new"
chmod 0644 "$2.new"
sync "$2.new"
mv "$2.new" "$2"
mkdir -p /run/sshd
keys=$("$(command -v sshd || echo /usr/sbin/sshd)" -T 2>/dev/null | sed -n 's/^hostkey //p')
if [ "$keys" != "$1" ]; then
  rm -f "$2"
  echo "sshd does not read $2 alone for its host keys (it would use: $keys); is there an Include in sshd_config?" >&2
  exit 1
fi
# sshd(8) reads its configuration again on SIGHUP. systemctl reload would first check what was checked just now.
if ! kill -HUP "$(cat /run/sshd.pid 2>/dev/null)" 2>/dev/null; then
  # Debian calls it ssh and has sshd as an alias of it, others the other way round.
  for service in ssh sshd; do
    if systemctl is-active --quiet "$service.service"; then systemctl reload "$service.service"; break; fi
  done
fi
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
sync "$(dirname "$1")" "$(dirname "$2")"
`;

/** `only`: there is no other host key on the machine, and sshd is told of this one. */
function parsePrepared(name: string, stdout: string): MachineIdentity & { readonly only: boolean } {
  return { ...parseIdentity(name, stdout), only: /^only=yes$/m.test(stdout) };
}

/**
 * Lines `hostKey=` and `machineId=`, as a machine prints them.
 *
 * @throws when it has no id yet, or no such key
 */
export function parseIdentity(name: string, stdout: string): MachineIdentity {
  const value = (key: string) => new RegExp(`^${key}=(.+)$`, 'm').exec(stdout)?.[1] ?? '';
  const machineId = value('machineId');
  if (!isMachineId(machineId)) {
    throw new Error(
      `${name} has no machine id yet: /etc/machine-id holds "${machineId}" (machine-id(5)). ` +
        `${upCommand()} looks again; if it stays so, its first boot went wrong: see its console`,
    );
  }
  return { hostKey: hostKeyOf(name, value('hostKey')), machineId };
}

function hostKeyOf(name: string, line: string): string {
  try {
    return canonicalPublicKey(line);
  } catch (cause) {
    throw new Error(`${name} printed no host key: ${messageOf(cause)} Run ${upCommand()} again`, { cause });
  }
}

async function runOn(
  connection: Connection,
  command: Command,
  { log, signal }: FirstContactOptions,
): Promise<string> {
  const { name } = connection.target;
  const what = () => `${name} to run ${programName(command)}`;
  const result = await reminding(log, what, connection.exec(command, signal));
  if (result.status === 0) return result.stdout;
  const why = commandFailure(command, name, result);
  throw new Error(`${name} has not got its lasting host key: ${why}. ${upCommand()} tries again`);
}
