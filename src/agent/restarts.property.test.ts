import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SimulatedCluster } from './simulated-cluster.ts';

/** Which agent ends at which moment, how, and for how long. */
const outage = fc.record({
  machine: fc.integer({ min: 0, max: 2 }),
  after: fc.integer({ min: 0, max: 20_000 }),
  down: fc.integer({ min: 0, max: 8000 }),
  killed: fc.boolean(),
});

const units = [
  ...['a', 'b', 'c', 'd'].map((name) => ({ name: `${name}.service`, more: '' })),
  { name: 'everywhere.service', more: '[X-Fleet]\nGlobal=true\n' },
  { name: 'job.service', more: 'Type=oneshot\n' },
];

test('agents that restart, whenever and in whatever number, touch no unit', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(outage, { minLength: 1, maxLength: 8 }), async (outages) => {
      const cluster = new SimulatedCluster(['core-1', 'core-2', 'core-3']);
      await cluster.start();
      await cluster.apply({
        put: units.map(({ name, more }) => ({
          name,
          contents: `[Service]\nExecStart=/bin/sleep inf\n${more}`,
          targetState: 'launched',
        })),
      });
      await cluster.clock.advance(5000);
      const before = await cluster.running();
      cluster.takeCalls();
      for (const { machine, after, down, killed } of outages) {
        await cluster.clock.advance(after);
        const agent = cluster.machines[machine];
        if (killed) await agent?.crash();
        else await agent?.end();
        await cluster.clock.advance(down);
        agent?.boot();
      }
      await cluster.clock.advance(120_000);
      expect(cluster.takeCalls()).toEqual([]);
      expect(await cluster.running()).toEqual(before);
      await cluster.stop();
    }),
    { numRuns: 25 },
  );
});
