import { expect, test } from '@jest/globals';
import type { Cordon, RebalanceRequest } from '../model/api.ts';
import type { CertificateRequest, IssuedCertificate } from '../model/certificate.ts';
import type { Machine } from '../model/machine.ts';
import type { Placement } from '../model/placement.ts';
import type { Registration } from '../model/registration.ts';
import type { Rollout } from '../model/rollout.ts';
import type { UnitStatus } from '../model/status.ts';
import type { Unit } from '../model/unit.ts';
import * as keys from './keys.ts';

const hash = 'a'.repeat(64);
const machineId = '0'.repeat(32);

// `Required`, so that a field that comes to be is asked for here: one that is left out of a value is lost in silence.
const machine: Required<Machine> = {
  id: machineId,
  name: 'core-1',
  address: '10.0.0.1',
  metadata: { zone: 'a' },
  capacity: { cpus: 2, memory: 974 },
  version: '7',
  bootId: 'boot',
};
const unit: Required<Unit> = { name: 'a.service', hash, targetState: 'launched' };
const placement: Required<Placement> = {
  unit: 'a.service',
  machineId,
  hash,
  targetState: 'loaded',
  reason: 'least loaded',
};
const status: Required<UnitStatus> = {
  unit: 'a.service',
  machineId,
  hash,
  load: 'loaded',
  active: 'failed',
  sub: 'failed',
  started: true,
  ready: { ok: false, detail: 'no answer' },
  waiting: 'for b.service',
  template: 't.tmpl:1:3: there is no key /a',
  certificate: { until: '2026-01-08T00:00:00.000Z', problem: 'nothing was signed: x' },
  failure: { result: 'exit-code', journal: ['bad'] },
};
const rollout: Required<Rollout> = {
  name: 'web@.service',
  state: 'failed',
  direction: 'back',
  from: { 'web@1.service': hash },
  to: { 'web@1.service': 'b'.repeat(64) },
  reason: 'web@1.service failed',
  failure: { unit: 'web@1.service', machine: 'core-1', journal: ['bad'] },
};
const registration: Required<Registration> = {
  service: 'app',
  unit: 'app@1.service',
  machineId,
  machine: 'core-1',
  address: '10.0.0.1',
  port: 5001,
  key: '/app/server/1',
};
const request: Required<CertificateRequest> = { unit: 'a.service', machineId, csr: 'csr' };
const issued: Required<IssuedCertificate> = {
  unit: 'a.service',
  machineId,
  request: hash,
  certificate: 'certificate',
  refused: 'no key',
};
const cordon: Required<Cordon> = { drain: true, reason: 'disk', force: true };
const whereabouts: Required<keys.Whereabouts> = { name: 'core-1', address: '10.0.0.1' };
const patch: keys.PatchedMetadata = { zone: 'b', disk: null };
const rebalance: Required<RebalanceRequest> = { maxMoves: 3 };
const removals: keys.Removals = { drained: [[machineId, 'a.service']] };

test.each([
  ['a machine', machine, keys.parseMachine(keys.machineKey(machine.id), keys.encodeMachine(machine))],
  ['a unit', unit, keys.parseUnitEntry(keys.unitKey(unit.name), keys.encodeUnit(unit))],
  [
    'a placement',
    placement,
    keys.parsePlacement(keys.placementKey(machineId, placement.unit), keys.encodePlacement(placement)),
  ],
  ['a state', status, keys.parseStatus(keys.statusKey(machineId, status.unit), keys.encodeStatus(status))],
  [
    'a service',
    registration,
    keys.parseRegistration(
      keys.serviceKey(machineId, registration.service, registration.unit),
      keys.encodeRegistration(registration),
    ),
  ],
  [
    'a request for a certificate',
    request,
    keys.parseRequest(keys.requestKey(machineId, request.unit), keys.encodeRequest(request)),
  ],
  [
    'an answer to it',
    issued,
    keys.parseCertificate(keys.certificateKey(machineId, issued.unit), keys.encodeCertificate(issued)),
  ],
  ['a rollout', rollout, keys.parseRollout(keys.rolloutKey(rollout.name), keys.encodeRollout(rollout))],
  ['a cordon', [machineId, cordon], keys.parseCordon(keys.cordonKey(machineId), keys.encodeCordon(cordon))],
  [
    'an address',
    [machineId, whereabouts],
    keys.parseAddress(keys.addressKey(machineId), keys.encodeAddress(whereabouts)),
  ],
  [
    'a member',
    [machineId, whereabouts],
    keys.parseMember(keys.memberKey(machineId), keys.encodeAddress(whereabouts)),
  ],
  [
    'metadata',
    [machineId, patch],
    keys.parseMetadata(keys.metadataKey(machineId), keys.encodeMetadata(patch)),
  ],
  ['a rebalance', rebalance, keys.parseRebalance(keys.rebalanceKey, keys.encodeRebalance(rebalance))],
  ['removals', removals, keys.parseRemovals(keys.removalsKey, keys.encodeRemovals(removals))],
])('%s is read as it was written, with every field', (_, value, parsed) => {
  expect(parsed).toEqual({ value });
});

test('a value that is no JSON, and one with a field missing, name the key and the problem', () => {
  const key = keys.cordonKey(machineId);
  expect(keys.parseCordon(key, '{')).toEqual({
    malformed: { key, problem: expect.stringContaining('value: ') },
  });
  expect(keys.parseCordon(key, '{"drain":true}')).toEqual({
    malformed: { key, problem: expect.stringContaining('reason: ') },
  });
});
