import { describe, expect, test } from '@jest/globals';
import { sampleStatus } from '../../scheduler/rollout-sample.ts';
import { sampleMachine, samplePlacement } from '../../scheduler/sample.ts';
import type { Decision } from '../../scheduler/snapshot.ts';
import { type ClusterState, readClusterState } from '../../store/cluster-state.ts';
import {
  encodePlacement,
  encodeStatus,
  encodeUnit,
  fileKey,
  leavingKey,
  placementKey,
  statusKey,
  unitKey,
} from '../../store/keys.ts';
import { hashOf } from '../../unit/hash.ts';
import { Leaving } from './leaving.ts';
import { factsIn } from './unit-facts.ts';

const unit = 'a.service';
const { id } = sampleMachine(1);
const key = leavingKey(id, unit);
const free = '[Service]\nExecStart=/bin/x\n';
const fenced = `${free}[X-Flotilla]\nFence=stop\n`;

type Entry = readonly [key: string, value: string];
const file = (contents: string): Entry => [fileKey(hashOf(contents)), contents];
const wanted = (contents: string): Entry => [
  unitKey(unit),
  encodeUnit({ name: unit, hash: hashOf(contents), targetState: 'launched' }),
];
const placed = (contents: string): Entry => [
  placementKey(id, unit),
  encodePlacement(samplePlacement(unit, 1, hashOf(contents))),
];
const claimed: Entry = [statusKey(id, unit), encodeStatus(sampleStatus(unit, 1, 'f'.repeat(64)))];
const leaving: Entry = [key, ''];

function cluster(...entries: readonly Entry[]): ClusterState {
  const values = entries.map(([name, value]) => [name, { value, revision: 1n }] as const);
  return readClusterState(new Map(values), 1n);
}

describe('a machine that a unit is taken from', () => {
  const removal: Decision = { type: 'remove', unit, machineId: id, reason: 'drained' };
  const notesOf = (state: ClusterState) => new Leaving().notes(state, factsIn(state.files));
  const note = (...entries: readonly Entry[]) => notesOf(cluster(...entries))(removal);
  const noted = [{ put: key, value: '' }];

  test.each<[string, readonly Entry[], readonly object[]]>([
    ['is noted for a fenced unit', [file(fenced), wanted(fenced), placed(fenced)], noted],
    ['also when that was destroyed', [file(fenced), placed(fenced)], noted],
    ['also when only its next version is', [file(free), file(fenced), wanted(fenced), placed(free)], noted],
    ['also when only the last version was', [file(free), file(fenced), wanted(free), placed(fenced)], noted],
    ['also when nobody knows', [wanted(fenced), placed(fenced)], noted],
    ['is not noted for others', [file(free), wanted(free), placed(free)], []],
  ])('%s', (_, entries, operations) => {
    expect(note(...entries)).toEqual(operations);
  });

  test.each<[string, readonly Entry[], string, readonly object[]]>([
    ['is not noted for a placement', [], fenced, []],
    ['nor for another version with a fence', [placed(fenced)], fenced, []],
    ['nor for one that gets a fence', [placed(free)], fenced, []],
    [
      'is noted for one that loses its fence, since the old one may still be stopping',
      [placed(fenced)],
      free,
      noted,
    ],
  ])('%s', (_, entries, next, operations) => {
    const notes = notesOf(cluster(file(free), file(fenced), wanted(next), ...entries));
    expect(notes({ type: 'place', placement: samplePlacement(unit, 1, hashOf(next)) })).toEqual(operations);
  });
});

describe('the note', () => {
  test('goes when the machine has said nothing of the unit for half a minute', () => {
    const notes = new Leaving();
    expect(notes.look(cluster(leaving, claimed), 0)).toEqual({ operations: [], until: Infinity });
    expect(notes.look(cluster(leaving), 10_000)).toEqual({ operations: [], until: 40_000 });
    expect(notes.look(cluster(leaving, claimed), 20_000)).toEqual({ operations: [], until: Infinity });
    expect(notes.look(cluster(leaving), 30_000)).toEqual({ operations: [], until: 60_000 });
    expect(notes.look(cluster(leaving), 60_000)).toEqual({ operations: [{ delete: key }], until: Infinity });
  });

  test('stays while the unit is placed there again', () => {
    const notes = new Leaving();
    notes.look(cluster(leaving, placed(fenced)), 0);
    expect(notes.look(cluster(leaving, placed(fenced)), 60_000)).toEqual({ operations: [], until: Infinity });
  });
});
