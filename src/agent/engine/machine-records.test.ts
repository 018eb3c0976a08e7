import { describe, expect, test } from '@jest/globals';
import { sampleMachine, samplePlacement } from '../../scheduler/sample.ts';
import { type ClusterState, readClusterState } from '../../store/cluster-state.ts';
import {
  addressKey,
  cordonKey,
  encodeAddress,
  encodeCordon,
  encodeMachine,
  encodeMetadata,
  encodePlacement,
  machineKey,
  memberKey,
  metadataKey,
  placementKey,
} from '../../store/keys.ts';
import { machineRecords } from './machine-records.ts';

const core1 = sampleMachine(1);
const core2 = sampleMachine(2);
const address = (machine = core2): [string, string] => [addressKey(machine.id), encodeAddress(machine)];
const present = (machine = core2): [string, string] => [machineKey(machine.id), encodeMachine(machine)];
const cordon = (machine = core2): [string, string] => [
  cordonKey(machine.id),
  encodeCordon({ drain: true, reason: 'new disk' }),
];
const metadata = (machine = core2): [string, string] => [
  metadataKey(machine.id),
  encodeMetadata({ disk: 'ssd' }),
];
const member = (machine = core2): [string, string] => [memberKey(machine.id), encodeAddress(machine)];
const hash = 'a'.repeat(64);
const placed = (machine = core2): [string, string] => {
  const placement = { ...samplePlacement('a.service', 2, hash), machineId: machine.id };
  return [placementKey(machine.id, 'a.service'), encodePlacement(placement)];
};

function cluster(...entries: [string, string][]): ClusterState {
  return readClusterState(new Map(entries.map(([key, value]) => [key, { value, revision: 1n }])), 1n);
}

describe('machineRecords', () => {
  test('notes a machine once, and again when its address changes', () => {
    expect(machineRecords(cluster(present()))).toEqual([
      { put: addressKey(core2.id), value: encodeAddress(core2) },
    ]);
    expect(machineRecords(cluster(present(), address()))).toEqual([]);
    const moved = { ...core2, address: '192.0.2.99' };
    expect(machineRecords(cluster(present(moved), address()))).toEqual([
      { put: addressKey(core2.id), value: encodeAddress(moved) },
    ]);
  });

  test.each<[string, [string, string][]]>([
    ['its units are still placed there', [address(), placed()]],
    ['it is cordoned, switched off perhaps', [address(), cordon()]],
    ['it is cordoned and nobody has its name', [address(), cordon(), present(core1), address(core1)]],
    ['somebody set its metadata', [address(), metadata()]],
    ['its address was never noted', [cordon(), metadata()]],
  ])('keeps what is known of a missing machine while %s', (_, entries) => {
    expect(machineRecords(cluster(...entries))).toEqual([]);
  });

  test('forgets a machine that nothing is left of', () => {
    expect(machineRecords(cluster(address()))).toEqual([{ delete: addressKey(core2.id) }]);
  });

  test('forgets what users said of a machine that was replaced', () => {
    const successor = { ...core1, name: core2.name };
    const state = cluster(address(), cordon(), present(successor), address(successor));
    expect(machineRecords(state)).toEqual([
      { delete: addressKey(core2.id) },
      { delete: cordonKey(core2.id) },
    ]);
  });

  describe('where the stack has told of its machines', () => {
    test('a name that another machine claims forgets nothing', () => {
      const thief = { ...core1, name: core2.name, address: core2.address };
      const state = cluster(address(), cordon(), metadata(), member(), member(core1), present(thief));
      expect(state.machines).toEqual([core1]);
      expect(machineRecords(state)).toEqual([{ put: addressKey(core1.id), value: encodeAddress(core1) }]);
    });

    test('a machine that it does not name is none, and what users said of it goes', () => {
      const state = cluster(address(), cordon(), metadata(), present(), member(core1));
      expect(state.machines).toEqual([]);
      expect(machineRecords(state)).toEqual([
        { delete: addressKey(core2.id) },
        { delete: cordonKey(core2.id) },
        { delete: metadataKey(core2.id) },
      ]);
      expect(machineRecords(cluster(cordon(), member(core1)))).toEqual([{ delete: cordonKey(core2.id) }]);
      expect(machineRecords(cluster(address(), cordon(), placed(), member(core1)))).toEqual([]);
    });
  });
});
