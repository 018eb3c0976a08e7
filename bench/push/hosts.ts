import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from '../../src/qemu/ports.ts';
import type { SshTarget } from '../../src/ssh/connection.ts';
import { generateSshKey } from '../../src/ssh/key-pair.ts';

/** Path on every host of the unit file that is pushed. */
export const unitPath = '/etc/systemd/system/flotilla-bench.service';

/** Milliseconds until sshd has to listen. */
const patience = 20_000;

export interface PushHost {
  readonly target: SshTarget;
  /** What stands on that host at a path now; undefined where nothing does. */
  read(path: string): string | undefined;
  /** How often systemd was told there to read its files again. */
  reloads(): number;
}

export interface PushHosts {
  readonly hosts: readonly PushHost[];
  /** The login key, by which Flotilla knows whose a host is. */
  readonly publicKey: string;
  /** Path of the private key that logs in, and of the known_hosts file, for programs that want files. */
  readonly identityFile: string;
  readonly knownHosts: string;
  stop(): void;
}

/**
 * So many hosts on this computer: for each an OpenSSH server on a port of 127.0.0.1 in a mount namespace of its own,
 * so that each has its own /etc/systemd/system and /etc/flotilla, and a home without anybody's .bashrc, which a
 * shell reads that sshd starts. There is no systemd in them: systemctl is a script
 * that notes what it was called for, and costs all tools the same.
 */
export async function startHosts(folder: string, count: number): Promise<PushHosts> {
  const login = generateSshKey('bench');
  const identityFile = join(folder, 'login');
  await writeFile(identityFile, login.privateKey, { mode: 0o600 });
  const authorizedKeys = join(folder, 'authorized_keys');
  await writeFile(authorizedKeys, `${login.publicKey}\n`);
  const programs = join(folder, 'bin');
  await mkdir(programs);
  await writeFile(join(programs, 'systemctl'), systemctl);
  await chmod(join(programs, 'systemctl'), 0o755);
  const ports = await freePorts(count);
  const children: ChildProcess[] = [];
  const stop = () => {
    for (const child of children) child.kill('SIGKILL');
  };
  try {
    const hosts = await Promise.all(
      ports.map(async (port, index) => {
        const hostKey = generateSshKey('host');
        const own = join(folder, `host-${index + 1}`);
        await mkdir(own);
        const keyFile = join(own, 'host_key');
        await writeFile(keyFile, hostKey.privateKey, { mode: 0o600 });
        const config = join(own, 'sshd_config');
        await writeFile(config, sshdConfig({ port, keyFile, authorizedKeys, programs }));
        const child = spawn(
          'unshare',
          ['--mount', '--propagation', 'private', 'sh', '-c', enter, 'sh', config],
          {
            stdio: ['ignore', 'ignore', 'inherit'],
          },
        );
        children.push(child);
        await untilListening(port, child);
        const target: SshTarget = {
          name: `host-${index + 1}`,
          host: '127.0.0.1',
          port,
          user: 'root',
          privateKey: login.privateKey,
          hostKey: hostKey.publicKey,
        };
        const read = (path: string) => readIn(child, path);
        return { target, read, reloads: () => (read(callsPath) ?? '').split('daemon-reload').length - 1 };
      }),
    );
    const knownHosts = join(folder, 'known_hosts');
    const lines = hosts.map(({ target }) => `[127.0.0.1]:${target.port} ${target.hostKey}\n`);
    await writeFile(knownHosts, lines.join(''));
    return { hosts, publicKey: login.publicKey, identityFile, knownHosts, stop };
  } catch (error) {
    stop();
    throw error;
  }
}

/** Becomes sshd, so that the process that was started is the one to end. */
const enter = `
set -eu
mkdir -p /etc/systemd/system /etc/flotilla
mount -t tmpfs none /etc/systemd/system
mount -t tmpfs none /etc/flotilla
mount -t tmpfs none /root
mount -t tmpfs none /run
mkdir /run/sshd
exec /usr/sbin/sshd -D -e -f "$1"
`;

const callsPath = '/etc/flotilla/systemctl-calls';

const systemctl = `#!/bin/sh
echo "$*" >>${callsPath}
`;

function sshdConfig(options: {
  readonly port: number;
  readonly keyFile: string;
  readonly authorizedKeys: string;
  readonly programs: string;
}): string {
  return `Port ${options.port}
ListenAddress 127.0.0.1
HostKey ${options.keyFile}
AuthorizedKeysFile ${options.authorizedKeys}
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PidFile none
LogLevel FATAL
PrintMotd no
Subsystem sftp internal-sftp
SetEnv PATH=${options.programs}:/usr/sbin:/usr/bin:/sbin:/bin
`;
}

/** As the process sees it (proc(5), /proc/pid/root). */
function readIn({ pid }: ChildProcess, path: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/root${path}`, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  const end = Date.now() + patience;
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`sshd for port ${port} ended with ${child.exitCode}`);
    if (Date.now() > end) throw new Error(`sshd does not listen on port ${port} after ${patience / 1000} s`);
    await sleep(50);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}
