import { expect, test } from '@jest/globals';
import { FakeCluster } from './fake-cluster.ts';

test.each([
  ['rebalance --max-moves 0', '--max-moves <number>', 'a whole number from 1 to 999999999'],
  ['rebalance --max-moves 2.5', '--max-moves <number>', 'a whole number from 1 to 999999999'],
  ['rebalance --max-moves 1000000000', '--max-moves <number>', 'a whole number from 1 to 999999999'],
  ['start --timeout=-1 a', '--timeout <seconds>', 'a whole number from 0 to 999999999'],
  ['stop --block-attempts many a', '--block-attempts <number>', 'a whole number from 0 to 999999999'],
  ['journal --lines 1k a', '--lines <number>', 'a whole number from 0 to 999999999'],
  ['logs --lines all a', '--lines <number>', 'a whole number from 0 to 999999999'],
  ['events --since 9223372036854775808', '--since <revision>', 'a revision'],
])(
  '%s is refused before anybody is asked, with the option and what it takes',
  async (line, option, takes) => {
    const { status, stderr, stacks } = await new FakeCluster().flotilla(line);
    expect({ status, stacks }).toEqual({ status: 2, stacks: [] });
    expect(stderr).toContain(`'${option}'`);
    expect(stderr).toContain(`It must be ${takes}`);
  },
);
