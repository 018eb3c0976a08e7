import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeAddress } from '../store/keys.ts';
import {
  type Access,
  type AccessStep,
  type AdmittedMachine,
  accessSteps,
  type Permission,
  wantedAccess,
} from './access.ts';

const id = (digit: number) => digit.toString(16).repeat(32);
const machine = (digit: number, etcd: boolean): AdmittedMachine => ({
  name: `machine-${digit}`,
  id: id(digit),
  address: `192.0.2.${digit}`,
  etcd,
});
const empty: Access = { users: new Map(), roles: new Map(), members: new Map() };

test('two machines with one id, and ids that are none, are let in by no order of theirs', () => {
  const twin = { ...machine(1, false), name: 'worker-1' };
  const own = { ...machine(2, false), id: 'root' };
  expect(() => wantedAccess([machine(1, true), twin, own])).toThrow(
    `worker-1: its machine id ${id(1)} is that of machine-1`,
  );
  expect(() => wantedAccess([twin, machine(1, true)])).toThrow(
    `machine-1: its machine id ${id(1)} is that of worker-1`,
  );
  expect(() => wantedAccess([own])).toThrow('machine-2: its machine id is "root", which is none');
  for (const bad of ['', 'ROOT', id(10).toUpperCase(), `${id(1)}\n`, id(1).slice(1), `${id(1)}1`])
    expect(() => wantedAccess([{ ...own, id: bad }])).toThrow('which is none');
});

/** Does one step, with etcd's own rules about what must be there before. */
function perform({ users, roles, members }: Access, step: AccessStep): Access {
  const rolesOf = (user: string) => users.get(user) ?? fail(`no user ${user}`);
  const permissionsOf = (role: string) => roles.get(role) ?? fail(`no role ${role}`);
  const withUser = (user: string, held: readonly string[]) => ({
    users: new Map([...users, [user, held]]),
    roles,
    members,
  });
  const withRole = (role: string, held: readonly Permission[]) => ({
    users,
    roles: new Map([...roles, [role, held]]),
    members,
  });
  const others = (one: Permission) => (other: Permission) =>
    one.key !== other.key || one.rangeEnd !== other.rangeEnd;
  switch (step.kind) {
    case 'add-user':
      return users.has(step.user) ? fail('the user exists') : withUser(step.user, []);
    case 'add-role':
      return roles.has(step.role) ? fail('the role exists') : withRole(step.role, []);
    case 'delete-user':
      return { users: new Map([...users].filter(([user]) => user !== step.user)), roles, members };
    case 'delete-role':
      return {
        users: new Map([...users].map(([user, held]) => [user, held.filter((role) => role !== step.role)])),
        roles: new Map([...roles].filter(([role]) => role !== step.role)),
        members,
      };
    case 'enrol': {
      const changed = [...members, ...step.members];
      const left = [...new Map(changed)].flatMap(([member, value]): [string, string][] =>
        value === undefined ? [] : [[member, value]],
      );
      return { users, roles, members: new Map(left) };
    }
    case 'permit':
      return withRole(step.role, [
        ...permissionsOf(step.role).filter(others(step.permission)),
        step.permission,
      ]);
    case 'forbid':
      return withRole(step.role, permissionsOf(step.role).filter(others(step.permission)));
    case 'grant':
      if (step.role !== 'root') permissionsOf(step.role);
      return withUser(step.user, [...rolesOf(step.user), step.role]);
    case 'revoke':
      return withUser(
        step.user,
        rolesOf(step.user).filter((role) => role !== step.role),
      );
  }
}

function fail(problem: string): never {
  throw new Error(problem);
}

/** In an order of its own, as concurrent calls may come. */
function performAll(access: Access, stages: readonly (readonly AccessStep[])[], upTo = Infinity): Access {
  return stages
    .flatMap((stage) => [...stage].reverse())
    .slice(0, upTo)
    .reduce(perform, access);
}

function sorted({ users, roles, members }: Access) {
  const byKey = (one: readonly [string, unknown], other: readonly [string, unknown]) =>
    one[0] < other[0] ? -1 : 1;
  return {
    users: [...users].map(([user, held]) => [user, [...held].sort()] as const).sort(byKey),
    roles: [...roles]
      .map(([role, held]) => [role, held.map((one) => JSON.stringify(one)).sort()] as const)
      .sort(byKey),
    members: [...members].sort(byKey),
  };
}

const machines = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 15 }), fc.boolean()), { selector: ([digit]) => digit })
  .map((found) => found.map(([digit, etcd]) => machine(digit, etcd)));

describe('accessSteps', () => {
  test('from nothing: nobody has more than its own, and nothing is left to do then', () => {
    const wanted = wantedAccess([machine(1, true), machine(2, false)]);
    const reached = performAll(empty, accessSteps(wanted, empty, 'remove'));
    expect(Object.fromEntries(reached.users)).toEqual({
      root: ['root'],
      [id(1)]: ['engine'],
      [id(2)]: [`machine-${id(2)}`],
    });
    expect(reached.roles.get('engine')).toEqual([
      { type: 'READWRITE', key: '/flotilla/', rangeEnd: '/flotilla0' },
    ]);
    expect(new Set(reached.roles.get(`machine-${id(2)}`))).toEqual(
      new Set([
        { type: 'READ', key: '/flotilla/', rangeEnd: '/flotilla0' },
        { type: 'WRITE', key: `/flotilla/machines/${id(2)}`, rangeEnd: '' },
        { type: 'WRITE', key: `/flotilla/states/${id(2)}/`, rangeEnd: `/flotilla/states/${id(2)}0` },
        { type: 'WRITE', key: `/flotilla/services/${id(2)}/`, rangeEnd: `/flotilla/services/${id(2)}0` },
        { type: 'WRITE', key: `/flotilla/keepers/${id(2)}`, rangeEnd: '' },
        {
          type: 'WRITE',
          key: `/flotilla/certificate-requests/${id(2)}/`,
          rangeEnd: `/flotilla/certificate-requests/${id(2)}0`,
        },
      ]),
    );
    expect(accessSteps(wanted, reached, 'remove')).toEqual([]);
  });

  test('below a shared prefix everybody writes, and nobody any more when it is taken back', () => {
    const machines = [machine(1, true), machine(2, false)];
    const wanted = wantedAccess(machines, ['/app/']);
    const reached = performAll(empty, accessSteps(wanted, empty, 'remove'));
    const shared = { type: 'READWRITE', key: '/app/', rangeEnd: '/app0' };
    for (const role of ['engine', `machine-${id(2)}`])
      expect(reached.roles.get(role)).toEqual(expect.arrayContaining([shared]));
    const without = wantedAccess(machines);
    expect(sorted(performAll(reached, accessSteps(without, reached, 'remove')))).toEqual(sorted(without));
  });

  test('below a prefix for templates everybody reads, and writes only what is shared as well', () => {
    const machines = [machine(1, true), machine(2, false)];
    const wanted = wantedAccess(machines, ['/app/'], ['/app/', '/config/']);
    const reached = performAll(empty, accessSteps(wanted, empty, 'remove'));
    for (const role of ['engine', `machine-${id(2)}`]) {
      const outside = reached.roles.get(role)?.filter(({ key }) => !key.startsWith('/flotilla/'));
      expect(outside).toHaveLength(2);
      expect(outside).toEqual(
        expect.arrayContaining([
          { type: 'READWRITE', key: '/app/', rangeEnd: '/app0' },
          { type: 'READ', key: '/config/', rangeEnd: '/config0' },
        ]),
      );
    }
    expect(accessSteps(wanted, reached, 'remove')).toEqual([]);
  });

  test('cut off anywhere and decided again, every change of machines ends where it should', () => {
    fc.assert(
      fc.property(machines, machines, fc.nat(200), (before, after, cut) => {
        const start = performAll(empty, accessSteps(wantedAccess(before), empty, 'remove'));
        const wanted = wantedAccess(after);
        const half = performAll(start, accessSteps(wanted, start, 'remove'), cut);
        const reached = performAll(half, accessSteps(wanted, half, 'remove'));
        expect(sorted(reached)).toEqual(sorted(wanted));
      }),
    );
  });

  test('whoever set up more than there should be, it is taken back', () => {
    const wanted = wantedAccess([machine(2, false)]);
    const role = `machine-${id(2)}`;
    const start = performAll(empty, accessSteps(wanted, empty, 'remove'));
    const everything: Permission = { type: 'READWRITE', key: '/', rangeEnd: '0' };
    const wider = [
      { kind: 'grant', user: id(2), role: 'root', reason: '' },
      { kind: 'permit', role, permission: everything, reason: '' },
    ] as const;
    const tampered = performAll(start, [wider]);
    expect(sorted(performAll(tampered, accessSteps(wanted, tampered, 'remove')))).toEqual(sorted(wanted));
  });

  test('members are told of all at once, with what they are, and by who knows all of them only', () => {
    const two = wantedAccess([machine(1, true), machine(2, false)]);
    const enrolments = (access: Access, others: 'keep' | 'remove') =>
      accessSteps(two, access, others)
        .flat()
        .filter(({ kind }) => kind === 'enrol');
    expect(enrolments(empty, 'keep')).toEqual([]);
    expect(enrolments({ ...empty, members: new Map([[id(2), 'core-9']]) }, 'remove')).toEqual([
      {
        kind: 'enrol',
        members: new Map([1, 2].map((digit) => [id(digit), encodeAddress(machine(digit, false))])),
        reason: 'these are the machines of the stack',
      },
    ]);
    const moved = { ...two, members: new Map([...two.members, [id(3), 'gone']]) };
    expect(enrolments(moved, 'remove')).toMatchObject([{ members: new Map([[id(3), undefined]]) }]);
  });

  test('an operator’s own users and roles stay, and machines that are not named, if told so', () => {
    const start = performAll(empty, accessSteps(wantedAccess([machine(3, false)]), empty, 'remove'));
    const own = performAll(start, [
      [
        { kind: 'add-role', role: 'backup', reason: '' },
        { kind: 'add-user', user: 'backup', reason: '' },
      ],
    ]);
    const wanted = wantedAccess([machine(1, true)]);
    const kept = performAll(own, accessSteps(wanted, own, 'keep'));
    expect([...kept.users.keys()].sort()).toEqual([id(1), id(3), 'backup', 'root']);
    const removed = performAll(own, accessSteps(wanted, own, 'remove'));
    expect([...removed.users.keys()].sort()).toEqual([id(1), 'backup', 'root']);
    expect([...removed.roles.keys()].sort()).toEqual(['backup', 'engine']);
  });
});
