import { isMachineId } from '../model/machine-id.ts';
import { InvalidInput, type Problem } from '../model/problem.ts';
import type { Reason } from '../model/reason.ts';
import {
  encodeAddress,
  keeperKey,
  machineKey,
  requestPrefix,
  rootPrefix,
  servicePrefix,
  statusPrefix,
} from '../store/keys.ts';
import { prefixEnd } from '../store/transaction.ts';

/** What a role may do with a key, or with all keys from there up to another. */
export interface Permission {
  readonly type: 'READ' | 'WRITE' | 'READWRITE';
  readonly key: string;
  /** The first key that is beyond, byte for byte as latin1; empty for a single key. */
  readonly rangeEnd: string;
}

/** etcd's users and roles. etcd knows a user by the common name of its certificate; nobody has a password. */
export interface Access {
  /** User → roles. */
  readonly users: ReadonlyMap<string, readonly string[]>;
  /** Role → permissions. `root` is etcd's own and needs none. */
  readonly roles: ReadonlyMap<string, readonly Permission[]>;
  /**
   * Machine id → who it is, as `/flotilla/members/<id>` says it: no machine's word about itself. The operator writes
   * it, since only the operator knows.
   */
  readonly members: ReadonlyMap<string, string>;
}

/** A machine that is let in. */
export interface AdmittedMachine {
  readonly name: string;
  readonly address: string;
  /** Contents of its /etc/machine-id: the common name of its agent's certificate. */
  readonly id: string;
  /** Whether etcd runs there. Whoever has its disk has all of etcd, so its agent may write everything of ours. */
  readonly etcd: boolean;
}

/** etcd's own superuser and role (its authentication guide). */
export const rootUser = 'root';

/** For agents that run the engine and take changes. */
const engineRole = 'engine';

const machineRole = (id: string) => `machine-${id}`;

/**
 * Every machine reads everything of ours; what it may write follows from whether etcd runs there.
 *
 * @param shared prefixes below which all machines may read and write, for keys that units choose. Which of them wrote a
 * key there etcd can't tell, so a stolen certificate of any of them changes all.
 * @param read prefixes below which all machines may read, for templates
 * @throws InvalidInput as `refuseIds` does
 */
export function wantedAccess(
  machines: readonly AdmittedMachine[],
  shared: readonly string[] = [],
  read: readonly string[] = [],
): Access {
  refuseIds(machines);
  // A role has one permission for the same keys: reading is a part of the one above.
  const only = [...new Set(read)].filter((prefix) => !shared.includes(prefix));
  const common = [
    ...shared.map((prefix): Permission => ({ type: 'READWRITE', ...below(prefix) })),
    ...only.map((prefix): Permission => ({ type: 'READ', ...below(prefix) })),
  ];
  const confined = machines.filter(({ etcd }) => !etcd);
  return {
    users: new Map([
      [rootUser, [rootUser]],
      ...machines.map(({ id, etcd }) => [id, [etcd ? engineRole : machineRole(id)]] as const),
    ]),
    roles: new Map([
      [engineRole, [{ type: 'READWRITE', ...below(rootPrefix) }, ...common]],
      ...confined.map(({ id }) => [machineRole(id), [...ownPermissions(id), ...common]] as const),
    ]),
    members: new Map(machines.map((machine) => [machine.id, encodeAddress(machine)])),
  };
}

/**
 * A machine chooses its own id once, before anybody trusts it; `root` would be a choice too. To be asked before anything
 * is signed for any of them.
 *
 * @throws InvalidInput when an id is none, or two machines have the same: one would have the other's rights.
 */
export function refuseIds(machines: readonly Pick<AdmittedMachine, 'name' | 'id'>[]): void {
  const first = new Map<string, string>();
  const problems = machines.flatMap(({ name, id }): Problem[] => {
    const other = first.get(id);
    if (other === undefined) first.set(id, name);
    const fix =
      'look at /etc/machine-id of each; one that was changed means that somebody broke in there: take that machine out of the stack';
    if (!isMachineId(id))
      return [{ path: name, problem: `its machine id is ${JSON.stringify(id)}, which is none`, fix }];
    if (other === undefined) return [];
    return [{ path: name, problem: `its machine id ${id} is that of ${other}`, fix }];
  });
  if (problems.length > 0) throw new InvalidInput('etcd cannot let these machines in:', problems);
}

function ownPermissions(id: string): readonly Permission[] {
  return [
    { type: 'READ', ...below(rootPrefix) },
    { type: 'WRITE', key: machineKey(id), rangeEnd: '' },
    { type: 'WRITE', ...below(statusPrefix(id)) },
    { type: 'WRITE', ...below(servicePrefix(id)) },
    { type: 'WRITE', key: keeperKey(id), rangeEnd: '' },
    { type: 'WRITE', ...below(requestPrefix(id)) },
  ];
}

function below(prefix: string): Pick<Permission, 'key' | 'rangeEnd'> {
  return { key: prefix, rangeEnd: prefixEnd(prefix).toString('latin1') };
}

/** One change to users, roles and members. */
export type AccessStep =
  /** All members at once: a machine that is left out is none. */
  | { readonly kind: 'enrol'; readonly members: Changes; readonly reason: Reason }
  | { readonly kind: 'delete-user'; readonly user: string; readonly reason: Reason }
  | { readonly kind: 'delete-role'; readonly role: string; readonly reason: Reason }
  | { readonly kind: 'add-role'; readonly role: string; readonly reason: Reason }
  | { readonly kind: 'add-user'; readonly user: string; readonly reason: Reason }
  | {
      readonly kind: 'permit' | 'forbid';
      readonly role: string;
      readonly permission: Permission;
      readonly reason: Reason;
    }
  | {
      readonly kind: 'grant' | 'revoke';
      readonly user: string;
      readonly role: string;
      readonly reason: Reason;
    };

/** Member → who it is; undefined for one that is none any more. */
type Changes = ReadonlyMap<string, string | undefined>;

/** Users and roles that are ours to remove: an operator's own are left alone. */
const isOwnRole = (role: string) => role.startsWith('machine-') && isMachineId(role.slice('machine-'.length));

/**
 * What makes `wanted` of `actual`, in stages: within one, steps don't depend on each other. It may end anywhere and be
 * decided again. A user gets its roles last, so nobody has more than is wanted on the way there.
 *
 * @param others what becomes of machines that `wanted` does not name. Who keeps them does not know all of them, and so
 * says nothing of members either.
 */
export function accessSteps(
  wanted: Access,
  actual: Access,
  others: 'keep' | 'remove',
): readonly (readonly AccessStep[])[] {
  const gone = others === 'remove';
  const stages = [
    [
      ...(gone ? [...goneUsers(wanted, actual), ...enrolment(wanted, actual)] : []),
      ...revocations(wanted, actual),
    ],
    additions(wanted, actual),
    permissionChanges(wanted, actual),
    [...grants(wanted, actual), ...(gone ? goneRoles(wanted, actual) : [])],
  ];
  return stages.filter((stage) => stage.length > 0);
}

function goneUsers(wanted: Access, actual: Access): AccessStep[] {
  const gone = [...actual.users.keys()].filter((user) => isMachineId(user) && !wanted.users.has(user));
  return gone.map((user) => ({ kind: 'delete-user', user, reason: 'the machine left the cluster' }));
}

function enrolment(wanted: Access, actual: Access): AccessStep[] {
  const ids = [...new Set([...wanted.members.keys(), ...actual.members.keys()])];
  const changed = ids.filter((id) => wanted.members.get(id) !== actual.members.get(id));
  if (changed.length === 0) return [];
  const members = new Map(changed.map((id) => [id, wanted.members.get(id)]));
  return [{ kind: 'enrol', members, reason: 'these are the machines of the stack' }];
}

function goneRoles(wanted: Access, actual: Access): AccessStep[] {
  const gone = [...actual.roles.keys()].filter((role) => isOwnRole(role) && !wanted.roles.has(role));
  return gone.map((role) => ({ kind: 'delete-role', role, reason: 'no machine needs it' }));
}

function additions(wanted: Access, actual: Access): AccessStep[] {
  const roles = [...wanted.roles.keys()].filter((role) => !actual.roles.has(role));
  const users = [...wanted.users.keys()].filter((user) => !actual.users.has(user));
  return [
    ...roles.map((role): AccessStep => ({ kind: 'add-role', role, reason: 'it is new' })),
    ...users.map((user): AccessStep => ({ kind: 'add-user', user, reason: 'it is new' })),
  ];
}

function revocations(wanted: Access, actual: Access): AccessStep[] {
  return [...wanted.users].flatMap(([user, roles]) =>
    (actual.users.get(user) ?? [])
      .filter((role) => !roles.includes(role))
      .map(
        (role): AccessStep => ({
          kind: 'revoke',
          user,
          role,
          reason: `${user} has no need of the role ${role}`,
        }),
      ),
  );
}

function grants(wanted: Access, actual: Access): AccessStep[] {
  return [...wanted.users].flatMap(([user, roles]) =>
    roles
      .filter((role) => !actual.users.get(user)?.includes(role))
      .map((role): AccessStep => ({ kind: 'grant', user, role, reason: `${user} needs it` })),
  );
}

/** A permission of another type on the same keys is replaced by the new one (etcd's RoleGrantPermission). */
function permissionChanges(wanted: Access, actual: Access): AccessStep[] {
  return [...wanted.roles].flatMap(([role, permissions]) => {
    const has = actual.roles.get(role) ?? [];
    const missing = permissions.filter((one) => !has.some((other) => samePermission(one, other)));
    const extra = has.filter((one) => !permissions.some((other) => sameKeys(one, other)));
    return [
      ...extra.map(
        (permission): AccessStep => ({
          kind: 'forbid',
          role,
          permission,
          reason: `${role} has no need of ${permission.key}`,
        }),
      ),
      ...missing.map(
        (permission): AccessStep => ({ kind: 'permit', role, permission, reason: 'it lacks it' }),
      ),
    ];
  });
}

function samePermission(one: Permission, other: Permission): boolean {
  return one.type === other.type && sameKeys(one, other);
}

function sameKeys(one: Permission, other: Permission): boolean {
  return one.key === other.key && one.rangeEnd === other.rangeEnd;
}
