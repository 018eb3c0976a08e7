import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { UnitView } from '../model/api.ts';
import { targetStates } from '../model/unit.ts';
import { hashOf } from '../unit/hash.ts';
import { type DesiredUnit, diffUnits, findDrift } from './diff.ts';
import { fakeMachine } from './fake-agent.ts';

function view(name: string, contents: string, changes: Partial<UnitView> = {}): UnitView {
  const hash = hashOf(contents);
  return { name, hash, targetState: 'launched', placements: [], states: [], ...changes };
}

const short = (contents: string) => hashOf(contents).slice(0, 7);
const unit = (name: string, contents: string): DesiredUnit => ({ name, contents, targetState: 'launched' });

describe('diffUnits', () => {
  test('creates, updates, starts and destroys, each with its reason', () => {
    const desired = {
      units: [
        unit('new.service', 'a'),
        unit('edited.service', 'b2'),
        unit('off.service', 'c'),
        unit('same.service', 'd'),
      ],
      previous: ['edited.service', 'old.service', 'long-gone.service'],
    };
    const remote = [
      view('edited.service', 'b1'),
      view('off.service', 'c', { targetState: 'loaded' }),
      view('same.service', 'd'),
      view('old.service', 'e'),
      view('of-others.service', 'f'),
    ];
    expect(diffUnits(desired, remote, [])).toEqual([
      {
        type: 'update',
        unit: 'edited.service',
        reason: `contents changed, ${short('b1')} to ${short('b2')}`,
      },
      { type: 'create', unit: 'new.service', reason: 'not in the cluster yet, target state launched' },
      { type: 'start', unit: 'off.service', reason: 'target state changes from loaded to launched' },
      { type: 'destroy', unit: 'old.service', reason: 'no longer in the unit set' },
    ]);
  });

  test('one unit can change in contents and target state', () => {
    const operations = diffUnits(
      { units: [{ name: 'a.service', contents: 'new', targetState: 'inactive' }], previous: [] },
      [view('a.service', 'old')],
      [],
    );
    expect(operations.map(({ type }) => type)).toEqual(['update', 'unload']);
  });

  const names = fc.constantFrom('a.service', 'b.service', 'c.timer', 'd@1.service');
  const desiredUnits = fc.uniqueArray(
    fc.record({
      name: names,
      contents: fc.constantFrom('1', '2'),
      targetState: fc.constantFrom(...targetStates),
    }),
    { selector: (each) => each.name },
  );

  test('once the desired units are there, nothing is left to do; units of others are never touched', () => {
    fc.assert(
      fc.property(desiredUnits, desiredUnits, fc.array(names), (units, others, previous) => {
        const remote = others.map(({ name, contents, targetState }) => view(name, contents, { targetState }));
        const operations = diffUnits({ units, previous }, remote, []);
        const ours = new Set<string>([...previous, ...units.map(({ name }) => name)]);
        expect(operations.every((operation) => ours.has(operation.unit) && operation.reason !== '')).toBe(
          true,
        );
        const after = units.map(({ name, contents, targetState }) => view(name, contents, { targetState }));
        expect(diffUnits({ units, previous }, after, [])).toEqual([]);
      }),
    );
  });
});

describe('findDrift', () => {
  const core1 = fakeMachine('core-1');
  const hash = hashOf('x');
  const placement = {
    unit: 'a.service',
    machineId: core1.id,
    hash,
    targetState: 'launched',
    reason: 'r',
  } as const;
  const state = {
    unit: 'a.service',
    machineId: core1.id,
    hash,
    load: 'loaded',
    active: 'active',
    sub: 'running',
  };

  test('a machine that has what was decided does not drift', () => {
    expect(
      findDrift([view('a.service', 'x', { placements: [placement], states: [state] })], [core1]),
    ).toEqual([]);
  });

  test('a file that was edited by hand is found with its machine', () => {
    const edited = view('a.service', 'x', {
      placements: [placement],
      states: [{ ...state, hash: hashOf('by hand') }],
    });
    const reason = `the file was edited by hand: it is ${hashOf('by hand').slice(0, 7)}, not ${hash.slice(0, 7)}`;
    expect(findDrift([edited], [core1])).toEqual([{ unit: 'a.service', machine: 'core-1', reason }]);
    const wanted = { units: [unit('a.service', 'x')], previous: [] };
    expect(diffUnits(wanted, [edited], [core1])).toEqual([
      { type: 'repair', unit: 'a.service', reason: `on core-1 ${reason}` },
    ]);
  });

  test('a placement without a state is named, by short id when its machine is gone', () => {
    const reason = 'it was given the unit and reports nothing of it';
    expect(findDrift([view('a.service', 'x', { placements: [placement] })], [])).toEqual([
      { unit: 'a.service', machine: core1.id.slice(0, 8), reason },
    ]);
  });

  test('a machine whose turn in a rollout has not come does not drift', () => {
    const waiting = view('a.service', 'x', {
      placements: [{ ...placement, hash: hashOf('before') }],
      states: [{ ...state, hash: hashOf('before') }],
    });
    expect(findDrift([waiting], [core1])).toEqual([]);
  });
});
