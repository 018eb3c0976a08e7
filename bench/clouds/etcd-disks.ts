import { onMachine, until } from '../../test/cluster/observe.ts';
import type { Stack } from '../../test/cluster/stack.ts';
import type { Report } from '../benchmark.ts';
import { atMost, exactly } from '../figures.ts';
import { since } from '../runs.ts';

const data = '/var/lib/etcd/flotilla';

/** Label, kind and owner: as the machine made it (src/etcd/disk.ts), and as systemd handed it to etcd. */
const wanted = 'flotilla-etcd ext4 etcd:etcd 700';

/**
 * Whether etcd's data is on a disk of its own, which is not begun anew when its machine boots again.
 *
 * @param machines with etcd, of which the last one is restarted
 */
export async function etcdDisks(stack: Stack, machines: readonly string[], report: Report): Promise<void> {
  const seen = await Promise.all(machines.map((name) => diskOf(stack, name)));
  const own = seen.filter((each) => each === wanted).length;
  report("members with etcd on a disk of etcd's own", exactly(own, machines.length, 'machines'));

  const last = machines.at(-1) ?? '';
  const before = { life: await lifeOf(stack, last), boot: await bootOf(stack, last) };
  const began = performance.now();
  await stack.flotilla(['ssh', last, '--', 'sudo', 'systemctl', 'reboot', '--no-block']);
  await until(300, async () => (await bootOf(stack, last)) !== before.boot && (await isHealthy(stack, last)));
  report("restarted member, with its machine's boot", atMost(since(began), 180, 's'));
  const kept = (await lifeOf(stack, last)) === before.life && (await diskOf(stack, last)) === wanted;
  report('restarted members that have their data still', exactly(kept ? 1 : 0, 1, 'machines'));
}

async function diskOf(stack: Stack, machine: string): Promise<string> {
  const script = `findmnt --noheadings --output LABEL,FSTYPE ${data}; stat --format='%U:%G %a' ${data}`;
  return (await asRoot(stack, machine, script)).split(/\s+/).join(' ');
}

/** The file system that the machine holds for its own, that which is mounted, and when the member began there. */
function lifeOf(stack: Stack, machine: string): Promise<string> {
  const mounted = `findmnt --noheadings --output UUID ${data}`;
  return asRoot(stack, machine, `cat /etc/flotilla/etcd-disk; ${mounted}; stat --format=%W ${data}/member`);
}

function bootOf(stack: Stack, machine: string): Promise<string> {
  return onMachine(stack, machine, ['cat', '/proc/sys/kernel/random/boot_id']);
}

/** Alone on its machine, it answers what takes a quorum. */
async function isHealthy(stack: Stack, machine: string): Promise<boolean> {
  const script =
    'set -a; . /etc/flotilla/etcdctl.env; ETCDCTL_ENDPOINTS=https://127.0.0.1:2379 etcdctl endpoint health';
  return (await stack.flotilla(['ssh', machine, '--', 'sudo', 'sh', '-c', script])).status === 0;
}

function asRoot(stack: Stack, machine: string, script: string): Promise<string> {
  return onMachine(stack, machine, ['sudo', 'sh', '-c', script]);
}
