import { bootIds } from '../../test/cluster/observe.ts';
import { OwnedHosts } from '../../test/cluster/owned-hosts.ts';
import { type Config, createStack, type Stack } from '../../test/cluster/stack.ts';
import type { Log, Report } from '../benchmark.ts';
import { atMost, exactly } from '../figures.ts';
import { since, succeed, takeDown } from '../runs.ts';
import { apply, count, stayed, unchanged } from './steps.ts';

const cores = ['core-1', 'core-2', 'core-3'];
const workers = ['worker-1', 'worker-2'];

/** What Flotilla puts on a host; a line for each that is still there. */
const remains =
  'ls -d /etc/flotilla /opt/flotilla /usr/local/lib/flotilla /var/lib/etcd/flotilla /home/core /etc/sudoers.d/flotilla /etc/systemd/system/etcd.service /etc/systemd/system/flotilla-* 2>/dev/null || :';

/** A cluster's life on machines that were there before it, two of them with Debian 12. */
export async function hosts(report: Report, log: Log): Promise<void> {
  const owned = new OwnedHosts();
  let stack: Stack | undefined;
  try {
    const list = await owned.boot({
      anvil: 'trixie',
      bellows: 'bookworm',
      chisel: 'trixie',
      drill: 'trixie',
      emery: 'bookworm',
    });
    const places = list.map(({ run, ...place }) => place);
    const config = (asked: number): Config => ({
      platform: 'hosts',
      hosts: {
        identityFile: owned.identityFile,
        machines: { core: places.slice(0, 3), worker: places.slice(3, 3 + asked) },
      },
      machines: { core: { count: 3, etcd: true }, worker: { count: asked } },
      units: ['units/hello'],
    });
    stack = createStack('clouds', config(0));
    await succeed(stack, ['stack', 'init'], log);
    const began = performance.now();
    await succeed(stack, ['up', '--yes', '--skip-preview'], log);
    await list[0]?.run(
      'curl --silent --fail --retry 30 --retry-all-errors --retry-delay 1 http://127.0.0.1:8080',
    );
    report('up of 3 machines until hello answers', atMost(since(began), 300, 's'));
    const boots = await bootIds(stack, cores);
    await unchanged(stack, report, log);
    await apply(stack, config(2), log);
    report('workers after 0 → 2', exactly(await count(stack, workers), 2, 'machines'));
    await unchanged(stack, report, log);
    await apply(stack, config(0), log);
    report('workers after 2 → 0', exactly(await count(stack, workers), 0, 'machines'));
    await stayed(stack, cores, boots, report);
    await succeed(stack, ['destroy', '--yes', '--skip-preview'], log);
    const left = await Promise.all(list.map(({ run }) => run(remains)));
    report('left on the hosts after destroy', exactly(left.join('').split('\n').length - 1, 0, 'things'));
  } finally {
    if (stack) await takeDown(stack, log);
    await owned.remove();
  }
}
