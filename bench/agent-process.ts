import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runAgent } from '../src/agent/agent.ts';
import { serveApi } from '../src/agent/api/api.ts';
import { FakeImageHost } from '../src/agent/image/fake-image-host.ts';
import { DbusSystemd } from '../src/agent/systemd/dbus-systemd.ts';
import { FakeSystemd } from '../src/agent/systemd/fake-systemd.ts';
import type { ManagedUnit } from '../src/agent/systemd/systemd.ts';
import { systemClock } from '../src/store/clock.ts';
import { type EtcdOptions, EtcdStore } from '../src/store/etcd.ts';

/**
 * An agent as a process of its own, on a real etcd, as `src/agent/main.ts` starts it. What of a machine it needs, and
 * this one may not have, is left out: systemd is the fake one. The code of the real driver is loaded all the same.
 */
export interface ProcessOptions extends Pick<EtcdOptions, 'endpoints' | 'tls'> {
  /** Where its API's socket is to be. */
  readonly folder: string;
  /** A hex digit, from which the machine's id, name and address follow. */
  readonly digit: string;
}

/** How often each agent looked at its units so far: its answer to any message. */
export interface Looks {
  readonly looks: number;
}

/** As in `src/agent/main.ts`. */
setFlagsFromString('--semi-space-growth-factor=1');
process.noDeprecation = true;

class CountingSystemd extends FakeSystemd {
  looks = 0;

  override async list(): Promise<readonly ManagedUnit[]> {
    this.looks += 1;
    return super.list();
  }
}

const { digit, folder, ...etcd }: ProcessOptions = JSON.parse(process.argv[2] ?? '');
const store = new EtcdStore(etcd);
const systemd = new CountingSystemd();
const unused = new DbusSystemd();
process.on('message', () => process.send?.({ looks: systemd.looks } satisfies Looks));
// Nothing of a benchmark that was killed stays behind.
process.on('disconnect', () => process.exit(0));
const machineId = digit.repeat(32);
await serveApi(join(folder, digit), { store, machineId, version: 'bench' }, () => undefined);
await runAgent(
  {
    store,
    systemd,
    imageHost: new FakeImageHost(machineId, new Map()),
    clock: systemClock,
    log: () => undefined,
    machine: {
      id: machineId,
      name: `core-${digit}`,
      address: `127.0.0.${digit}`,
      metadata: {},
      capacity: { cpus: 2, memory: 4096 },
      version: 'bench',
      bootId: 'bench',
    },
  },
  new AbortController().signal,
);
await unused.close();
