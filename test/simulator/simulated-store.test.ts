import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '../../src/store/fake-clock.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { MemoryCluster } from '../../src/store/memory-cluster.ts';
import { storeContract } from '../contract/store.ts';
import { Gate } from './gate.ts';
import { Link } from './link.ts';
import { Random } from './random.ts';
import { SimulatedStore } from './simulated-store.ts';
import { Witness } from './witness.ts';

function make() {
  const clock = new FakeClock();
  const cluster = new MemoryCluster(clock);
  const link = new Link(clock, new Random(1));
  const gate = new Gate((action) => void clock.after(0, action));
  const store = new SimulatedStore({ cluster, clock, link, gate, witness: new Witness() });
  return { clock, cluster, link, gate, store, other: new MemoryStore(clock, cluster) };
}

describe('SimulatedStore', () => {
  storeContract(async (body) => {
    const { clock, cluster, link, store, other } = make();
    await body({
      store,
      other,
      compact: async (revision) => cluster.compact(revision),
      pass: (seconds) => clock.advance(seconds * 1000),
      cut: async () => {
        link.state = 'refused';
        await clock.advance(0);
      },
      mend: async () => {
        link.state = 'up';
      },
    });
  });
});

const put = (key: string) => ({ compare: [], success: [{ put: key, value: '' }] });

test('a slow write reaches the store although its sender has given it up', async () => {
  const { clock, link, store, other } = make();
  link.latency = 60_000;
  const refused = expect(store.transact(put('/late'))).rejects.toThrow('no answer in time');
  await clock.advance(120_000);
  await refused;
  expect((await other.list('/late')).keys).toHaveLength(1);
});

test('a watch that is told nothing for 15 s is given up, one that hears late is not', async () => {
  const { clock, link, store, other } = make();
  const watch = store.watch('/', 0n, new AbortController().signal)[Symbol.asyncIterator]();
  const late = watch.next();
  await clock.advance(0);
  link.deaf = true;
  await other.transact(put('/late'));
  await clock.advance(14_000);
  link.deaf = false;
  expect((await late).value).toMatchObject({ key: '/late' });
  link.deaf = true;
  const broken = expect(watch.next()).rejects.toThrow('broke');
  await clock.advance(15_000);
  await broken;
});

test('a frozen process gets its answers when it goes on, a dead one never', async () => {
  const { clock, gate, store } = make();
  let answers = 0;
  const count = () => {
    answers += 1;
  };
  gate.freeze();
  void store.list('/').then(count);
  await clock.advance(1000);
  expect(answers).toBe(0);
  gate.thaw();
  await clock.advance(0);
  expect(answers).toBe(1);
  void store.list('/').then(count);
  gate.kill();
  await clock.advance(1000);
  expect(answers).toBe(1);
});
