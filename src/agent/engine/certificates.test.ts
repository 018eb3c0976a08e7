import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { IssuedCertificate } from '../../model/certificate.ts';
import { sampleMachine, samplePlacement } from '../../scheduler/sample.ts';
import { type ClusterState, readClusterState } from '../../store/cluster-state.ts';
import {
  certificateKey,
  encodeAddress,
  encodeCertificate,
  encodeMachine,
  encodePlacement,
  encodeRequest,
  fileKey,
  machineKey,
  memberKey,
  parseCertificate,
  placementKey,
  requestKey,
} from '../../store/keys.ts';
import { hashOf } from '../../unit/hash.ts';
import { Certificates, type SignServiceLeaf, signingPlan } from './certificates.ts';
import { factsIn } from './unit-facts.ts';

const unit = 'app@1.service';
const plain = '[Service]\nExecStart=/bin/x\n';
const asking = `${plain}[X-Flotilla]\nCertificate=yes\nService=app\nPort=1\nService=%p-%i\nPort=2\n`;
const [one, other] = [sampleMachine(1), sampleMachine(2)];

type Entry = readonly [key: string, value: string];
const file = (contents: string): Entry => [fileKey(hashOf(contents)), contents];
const there: readonly Entry[] = [one, other].map((machine) => [
  machineKey(machine.id),
  encodeMachine(machine),
]);
const placed = (contents = asking, machine = 1): Entry => [
  placementKey(sampleMachine(machine).id, unit),
  encodePlacement(samplePlacement(unit, machine, hashOf(contents))),
];
const asked = ({ id } = one, csr = 'csr'): Entry => [
  requestKey(id, unit),
  encodeRequest({ unit, machineId: id, csr }),
];
const issued = (answer: Partial<IssuedCertificate>, { id } = one): Entry => [
  certificateKey(id, unit),
  encodeCertificate({ unit, machineId: id, request: hashOf('csr'), ...answer }),
];

function cluster(...entries: readonly Entry[]): ClusterState {
  const values = [...there, file(plain), file(asking), ...entries].map(
    ([key, value]) => [key, { value, revision: 1n }] as const,
  );
  return readClusterState(new Map(values), 1n);
}

const planOf = (state: ClusterState) => signingPlan(state, factsIn(state.files));
const leavesOf = (...entries: readonly Entry[]) => planOf(cluster(...entries)).sign.map(({ leaf }) => leaf);
const goneOf = (...entries: readonly Entry[]) => planOf(cluster(...entries)).gone;

describe('a request', () => {
  const leaf = { unit, machine: 'core-1', address: '192.0.2.1', services: ['app', 'app-1'] };

  test('of the machine that has the unit is signed, with the names in the unit’s file', () => {
    expect(leavesOf(placed(), asked())).toEqual([leaf]);
    expect(goneOf(placed(), asked())).toEqual([]);
  });

  test('is signed for the name and address that the stack gave the machine, whatever it says itself', () => {
    const member: Entry = [memberKey(one.id), encodeAddress({ name: 'core-9', address: '10.0.0.9' })];
    expect(leavesOf(placed(), asked(), member)).toEqual([
      { ...leaf, machine: 'core-9', address: '10.0.0.9' },
    ]);
    const stranger: Entry = [memberKey(other.id), encodeAddress(other)];
    expect(leavesOf(placed(), asked(), stranger)).toEqual([]);
  });

  test.each<[string, readonly Entry[]]>([
    ['for a unit that is placed elsewhere', [placed(asking, 2), asked()]],
    ['for a unit that is placed nowhere', [asked()]],
    ['for a unit whose file asks for none', [placed(plain), asked()]],
  ])('%s is not signed and goes', (_, entries) => {
    expect(leavesOf(...entries)).toEqual([]);
    expect(goneOf(...entries)).toEqual([requestKey(one.id, unit)]);
  });

  test('waits while the unit’s file or the machine is not to be seen', () => {
    for (const state of [cluster(placed('unknown'), asked()), gone(cluster(placed(), asked()))]) {
      const { sign, gone } = planOf(state);
      expect([sign, gone]).toEqual([[], []]);
    }
    function gone(state: ClusterState): ClusterState {
      return { ...state, machines: [] };
    }
  });

  test('that was answered is not signed again, and another one of the same unit is', () => {
    expect(leavesOf(placed(), asked(), issued({ certificate: 'x' }))).toEqual([]);
    expect(leavesOf(placed(), asked(one, 'next'), issued({ certificate: 'x' }))).toEqual([leaf]);
  });

  test('takes its answer along when it goes', () => {
    expect(goneOf(placed(), issued({ certificate: 'x' }))).toEqual([certificateKey(one.id, unit)]);
    expect(goneOf(placed(), asked(), issued({ certificate: 'x' }))).toEqual([]);
  });

  test('is signed for nobody but who has the unit, whatever all machines ask for', () => {
    const bit = fc.boolean();
    const each = fc.record({ placed: bit, asks: bit, requested: bit });
    fc.assert(
      fc.property(fc.array(each, { minLength: 1, maxLength: 5 }), (machines) => {
        const entries = machines.flatMap(({ placed: has, asks, requested }, at): Entry[] => {
          const machine = sampleMachine(at + 1);
          return [
            [machineKey(machine.id), encodeMachine(machine)],
            ...(has ? [placed(asks ? asking : plain, at + 1)] : []),
            ...(requested ? [asked(machine)] : []),
          ];
        });
        const entitled = machines.flatMap(({ placed: has, asks, requested }, at) =>
          has && asks && requested ? `core-${at + 1}` : [],
        );
        expect(leavesOf(...entries).map(({ machine }) => machine)).toEqual(entitled);
      }),
    );
  });
});

describe('the leader', () => {
  const state = cluster(placed(), asked());
  const look = (certificates: Certificates, seen = state) => certificates.look(seen, factsIn(seen.files));
  async function answersOf(sign: SignServiceLeaf | undefined) {
    const operations = await look(new Certificates(sign));
    return operations.map((operation) =>
      'put' in operation ? parseCertificate(operation.put, operation.value) : operation,
    );
  }

  test('answers with what it signed for that request', async () => {
    const sign: SignServiceLeaf = async (csr, { machine }) => `${csr} for ${machine}`;
    const answer = { unit, machineId: one.id, request: hashOf('csr'), certificate: 'csr for core-1' };
    expect(await answersOf(sign)).toEqual([{ value: answer }]);
  });

  test('says why it does not sign, once, and another leader may', async () => {
    const refusing = new Certificates(undefined);
    const [refusal] = await look(refusing);
    expect(refusal).toMatchObject({ value: expect.stringContaining('has no key of the authority') });
    expect(await look(refusing)).toEqual([]);
    expect(await answersOf(async () => 'signed')).toEqual([
      { value: expect.objectContaining({ certificate: 'signed' }) },
    ]);
    const failing: SignServiceLeaf = () => Promise.reject(new Error('the request is none'));
    expect(await answersOf(failing)).toEqual([
      { value: expect.objectContaining({ refused: 'the request is none' }) },
    ]);
  });

  test('signs a few at a look, so that decisions don’t wait', async () => {
    const units = Array.from({ length: 40 }, (_, at) => `app@${at}.service`);
    const many = cluster(
      ...units.flatMap((name): Entry[] => [
        [placementKey(one.id, name), encodePlacement(samplePlacement(name, 1, hashOf(asking)))],
        [requestKey(one.id, name), encodeRequest({ unit: name, machineId: one.id, csr: name })],
      ]),
    );
    expect(await look(new Certificates(async () => 'x'), many)).toHaveLength(16);
  });
});
