import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/qemu/command.ts';
import type { Log } from '../benchmark.ts';
import { setUp } from '../set-up.ts';
import type { PushRequest } from './apply.ts';
import { type PushHosts, unitPath } from './hosts.ts';

/** Brings a unit file to all hosts and has systemd read it, as a process of its own from its start to its end. */
export interface PushTool {
  readonly name: string;
  push(contents: string): Promise<void>;
  /** Ends what a run leaves for the next one: every run begins with nothing. */
  close?(): Promise<void>;
}

/** Releases on PyPI. */
const packages = { pyinfra: 'pyinfra==3.10.0', ansible: 'ansible-core==2.19.14' };

/** Milliseconds. */
const patience = { installation: 600_000, push: 600_000 };

/** The distribution's, which has the module venv by its package python3-venv. */
const python = '/usr/bin/python3';

/** Installs what is compared with; a second time it only looks. */
export async function prepareTools(log: Log): Promise<string> {
  await setUp('push', log);
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const venv = join(cache, 'flotilla', 'bench-push');
  await run([python, '-m', 'venv', venv], { log, purpose: 'python venv', deadline: patience.installation });
  const pip = [join(venv, 'bin', 'pip'), '--disable-pip-version-check', 'install', '--quiet'];
  await run([...pip, ...Object.values(packages)], {
    log,
    purpose: `installation of ${Object.values(packages).join(' and ')}`,
    deadline: patience.installation,
  });
  return join(venv, 'bin');
}

export function flotilla(folder: string, hosts: PushHosts, log: Log): PushTool {
  const file = join(folder, 'request.json');
  const apply = join(import.meta.dirname, 'apply.ts');
  return {
    name: 'flotilla',
    async push(contents) {
      const targets = hosts.hosts.map(({ target }) => target);
      const request: PushRequest = { targets, owner: hosts.publicKey, contents };
      await writeFile(file, JSON.stringify(request), { mode: 0o600 });
      // As every program of a stack has it (toolchain/environment.ts), and Python's programs beside them by themselves.
      const env = { NODE_COMPILE_CACHE: join(folder, 'compiled') };
      await execute([process.execPath, '--no-warnings', apply, file], 'flotilla', env, log);
    },
  };
}

/** One process with a thread for each host, over Paramiko; all hosts at the same time. */
export async function pyinfra(folder: string, bin: string, hosts: PushHosts, log: Log): Promise<PushTool> {
  const own = join(folder, 'pyinfra');
  await mkdir(own);
  const source = join(own, 'unit');
  const inventory = join(own, 'inventory.py');
  const deploy = join(own, 'deploy.py');
  const entries = hosts.hosts.map(({ target: { name, port } }) =>
    [name, { ssh_hostname: '127.0.0.1', ssh_port: port }].map((each) => JSON.stringify(each)).join(', '),
  );
  const shared = {
    ssh_user: 'root',
    ssh_key: hosts.identityFile,
    ssh_known_hosts_file: hosts.knownHosts,
    ssh_strict_host_key_checking: 'yes',
  };
  await writeFile(
    inventory,
    `hosts = ([${entries.map((entry) => `(${entry})`).join(', ')}], ${JSON.stringify(shared)})\n`,
  );
  await writeFile(
    deploy,
    `from pyinfra.operations import files, server

unit = files.put(
    name="unit file", src="${source}", dest="${unitPath}", mode="644", user="root", group="root"
)
server.shell(name="reload", commands=["systemctl daemon-reload"], _if=unit.did_change)
`,
  );
  const command = [join(bin, 'pyinfra'), '-y', '--parallel', String(hosts.hosts.length), inventory, deploy];
  return {
    name: 'pyinfra',
    async push(contents) {
      await writeFile(source, contents);
      await execute(command, 'pyinfra', { HOME: own }, log);
    },
  };
}

/**
 * With as many forks as hosts, pipelining and no gathering of facts, which is what its documentation names for speed.
 * Connections that it would keep for the next run are closed after each, as those of the others are.
 */
export async function ansible(folder: string, bin: string, hosts: PushHosts, log: Log): Promise<PushTool> {
  const own = join(folder, 'ansible');
  await mkdir(own);
  const source = join(own, 'unit');
  const inventory = join(own, 'inventory.ini');
  const playbook = join(own, 'playbook.yaml');
  const control = join(own, 'control');
  const lines = hosts.hosts.map(
    ({ target: { name, port } }) => `${name} ansible_host=127.0.0.1 ansible_port=${port}`,
  );
  await writeFile(inventory, `${lines.join('\n')}\n`);
  await writeFile(
    playbook,
    `- hosts: all
  gather_facts: false
  remote_user: root
  tasks:
    - ansible.builtin.copy: {src: ${source}, dest: ${unitPath}, mode: "0644", owner: root, group: root}
      register: unit
    - ansible.builtin.command: systemctl daemon-reload
      when: unit.changed
`,
  );
  const environment = {
    HOME: own,
    ANSIBLE_FORKS: String(hosts.hosts.length),
    ANSIBLE_PIPELINING: 'true',
    ANSIBLE_HOST_KEY_CHECKING: 'true',
    ANSIBLE_PRIVATE_KEY_FILE: hosts.identityFile,
    ANSIBLE_PYTHON_INTERPRETER: python,
    ANSIBLE_REMOTE_TEMP: '/etc/flotilla/ansible',
    ANSIBLE_SSH_COMMON_ARGS: `-o UserKnownHostsFile=${hosts.knownHosts}`,
    ANSIBLE_SSH_CONTROL_PATH_DIR: control,
    ANSIBLE_NOCOWS: 'true',
  };
  const close = `for socket in ${control}/*; do [ ! -S "$socket" ] || ssh -q -O exit -S "$socket" x 2>/dev/null || :; done`;
  return {
    name: 'ansible',
    async push(contents) {
      await writeFile(source, contents);
      await execute([join(bin, 'ansible-playbook'), '-i', inventory, playbook], 'ansible', environment, log);
    },
    async close() {
      await run(['sh', '-c', close], { log, purpose: 'end of connections', deadline: patience.push });
    },
  };
}

async function execute(
  command: readonly string[],
  purpose: string,
  environment: Readonly<Record<string, string>>,
  log: Log,
): Promise<void> {
  const env = { ...process.env, LC_ALL: 'C.UTF-8', ...environment };
  await run(command, { log, purpose, deadline: patience.push, env });
}
