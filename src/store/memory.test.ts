import { describe } from '@jest/globals';
import { storeContract } from '../../test/contract/store.ts';
import { FakeClock } from './fake-clock.ts';
import { MemoryStore } from './memory.ts';
import { MemoryCluster } from './memory-cluster.ts';

describe('MemoryStore', () => {
  storeContract(async (body) => {
    const clock = new FakeClock();
    const cluster = new MemoryCluster(clock);
    const store = new MemoryStore(clock, cluster);
    await body({
      store,
      other: new MemoryStore(clock, cluster),
      compact: async (revision) => cluster.compact(revision),
      pass: (seconds) => clock.advance(seconds * 1000),
      cut: async () => {
        store.reachable = false;
      },
      mend: async () => {
        store.reachable = true;
      },
    });
  });
});
