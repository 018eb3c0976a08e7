import { describe, expect, test } from '@jest/globals';
import type { Placement } from '../../model/placement.ts';
import { halfWritten, type ManagedUnit } from '../systemd/systemd.ts';
import { reconcile } from './reconcile.ts';

const want = (unit: string, more: Partial<Placement> = {}): Placement => ({
  unit,
  machineId: 'm',
  hash: 'h1',
  targetState: 'launched',
  reason: 'least loaded',
  ...more,
});

const have = (name: string, more: Partial<ManagedUnit> = {}): ManagedUnit => ({
  name,
  contents: '',
  hash: 'h1',
  load: 'loaded',
  active: 'active',
  sub: 'running',
  result: 'success',
  started: true,
  ...more,
});

const dead = { active: 'inactive', sub: 'dead' };

describe('reconcile', () => {
  test.each<[string, Placement[], ManagedUnit[], string[]]>([
    ['nothing to do', [want('a')], [have('a')], []],
    ['a new unit', [want('a')], [], ['install a: least loaded', 'start a: least loaded']],
    ['a new unit to load', [want('a', { targetState: 'loaded' })], [], ['install a: least loaded']],
    ['gone', [], [have('a')], ['stop a: not placed here any more', 'remove a: not placed here any more']],
    ['gone, not running', [], [have('a', dead)], ['remove a: not placed here any more']],
    [
      'changed',
      [want('a', { hash: 'h2' })],
      [have('a')],
      ['stop a: unit file changed', 'install a: unit file changed', 'start a: unit file changed'],
    ],
    [
      'changed while failed',
      [want('a', { hash: 'h2' })],
      [have('a', { active: 'failed' })],
      ['stop a: unit file changed', 'install a: unit file changed', 'start a: unit file changed'],
    ],
    [
      'not put in place as a whole, perhaps with the wanted file',
      [want('a')],
      [have('a', { ...dead, hash: halfWritten, started: false })],
      ['install a: it was not put in place as a whole', 'start a: it was not put in place as a whole'],
    ],
    ['failed is left to systemd', [want('a')], [have('a', { active: 'failed', result: 'exit-code' })], []],
    ['a job that finished', [want('a')], [have('a', dead)], []],
    [
      'never started',
      [want('a')],
      [have('a', { ...dead, started: false })],
      ['start a: never started since it was installed'],
    ],
    [
      'launched to loaded',
      [want('a', { targetState: 'loaded' })],
      [have('a')],
      ['stop a: target state is loaded'],
    ],
    ['loaded stays', [want('a', { targetState: 'loaded' })], [have('a', { ...dead, started: false })], []],
    [
      'loaded to launched',
      [want('a')],
      [have('a', { ...dead, started: false })],
      ['start a: never started since it was installed'],
    ],
  ])('%s', (_, desired, managed, expected) => {
    expect(reconcile(desired, managed).map(({ type, unit, reason }) => `${type} ${unit}: ${reason}`)).toEqual(
      expected,
    );
  });

  test('does operations of a kind together, by name, and never touches the others', () => {
    const operations = reconcile(
      [want('c'), want('b'), want('same'), want('changed', { hash: 'h2' }), want('unclear', { hash: 'h2' })],
      [have('z-gone'), have('same'), have('changed'), have('a-gone'), have('unclear')],
      new Set(['unclear']),
    );
    expect(operations.map(({ type, unit }) => `${type} ${unit}`)).toEqual([
      ...['stop a-gone', 'stop changed', 'stop z-gone'],
      ...['install b', 'install c', 'install changed'],
      ...['remove a-gone', 'remove z-gone'],
      ...['start b', 'start c', 'start changed'],
    ]);
  });
});
