import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { lastValue } from '../../unit/effective-values.ts';
import { parseUnit } from '../../unit/parse.ts';
import { isTrue } from '../../unit/systemd-boolean.ts';
import type { Finding } from './readiness.ts';

/** What systemd gives services (systemd.exec(5), "Environment Variables in Spawned Processes"); nothing of the agent's. */
const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };

/** Characters of what the program said that are told. */
const maxSaid = 200;

/** Milliseconds for its last words after it has ended: somebody outside of its group may keep its pipes open. */
const lastWords = 100;

/**
 * Runs a program of a probe; its exit status says whether the unit is ready. It runs as the unit does, by `User=`
 * and `Group=` of `[Service]`: whoever may not be root as a service shall not be root as its probe. When it takes
 * too long it is killed, and with it all that it started in its process group.
 */
export async function runProgram(
  argv: readonly string[],
  contents: string,
  signal: AbortSignal,
): Promise<Finding> {
  const { child, said } = start([...(await asUser(contents)), ...argv]);
  const closed = once(child, 'close').catch(() => undefined);
  const { pid } = child;
  if (pid !== undefined) void beOrdinary(pid);
  try {
    const [status, killer] = await once(child, 'exit', { signal });
    if (pid !== undefined) killGroup(pid);
    await Promise.race([closed, sleep(lastWords)]);
    return { ok: status === 0, detail: describe(argv[0] ?? '', status, killer, said()) };
  } finally {
    child.on('error', () => undefined);
    if (pid !== undefined) killGroup(pid);
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  }
}

/** A program in a process group of its own, and the beginning of what it says. */
function start([program = '', ...args]: readonly string[]) {
  const child = spawn(program, args, {
    env: environment,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      if (said.length < maxSaid) said += bytes.toString();
    });
  }
  return { child, said: () => said };
}

function describe(program: string, status: unknown, killer: unknown, said: string): string {
  const end = typeof killer === 'string' ? `was killed by ${killer}` : `ended with ${status}`;
  if (status === 0) return `${program} ${end}`;
  const [line = ''] = said.trim().slice(0, maxSaid).split('\n');
  return line === '' ? `${program} ${end}` : `${program} ${end}: ${line}`;
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It is empty, which is what is wanted.
  }
}

/** The agent's own priority and its protection from the OOM killer are not for programs of others. */
async function beOrdinary(pid: number): Promise<void> {
  try {
    setPriority(pid, 0);
    await writeFile(`/proc/${pid}/oom_score_adj`, '0');
  } catch {
    // It has ended already.
  }
}

/** The words that change to the unit's user; none for a unit of root's, and for an agent that is not root itself. */
async function asUser(contents: string): Promise<string[]> {
  if (process.getuid?.() !== 0) return [];
  const { options } = parseUnit(contents);
  const service = (name: string) => lastValue(options, 'Service', name);
  const dynamic = isTrue(service('DynamicUser'));
  const user = dynamic ? 'nobody' : service('User');
  if (user === undefined || user === 'root' || user === '0') return [];
  const group = (dynamic ? undefined : service('Group')) ?? (await primaryGroup(user));
  return ['setpriv', `--reuid=${user}`, `--regid=${group}`, '--init-groups', '--'];
}

/** From /etc/passwd (passwd(5)). */
async function primaryGroup(user: string): Promise<string> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const entry = lines.find(([name, , id]) => name === user || id === user);
  if (entry?.[3] === undefined) throw new Error(`User=${user} is not in /etc/passwd`);
  return entry[3];
}
