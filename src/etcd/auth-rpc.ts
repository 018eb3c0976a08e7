import { memberKey } from '../store/keys.ts';
import { type Message, type Method, protocol } from '../store/protobuf.ts';
import { txnMethod } from '../store/rpc.ts';
import { encodeTransaction } from '../store/transaction.ts';
import type { AccessStep, Permission } from './access.ts';

/** The part of etcd's Auth service that is used here (etcd's rpc.proto and auth.proto). */
const method = protocol(`
  syntax = "proto3";
  package etcdserverpb;

  message Empty {}
  message Permission {
    enum Type { READ = 0; WRITE = 1; READWRITE = 2; }
    Type permType = 1; bytes key = 2; bytes range_end = 3;
  }
  message UserAddOptions { bool no_password = 1; }

  message AuthUserAddRequest { string name = 1; UserAddOptions options = 3; }
  message AuthUserGetRequest { string name = 1; }
  message AuthUserGetResponse { repeated string roles = 2; }
  message AuthUserListResponse { repeated string users = 2; }
  message AuthUserDeleteRequest { string name = 1; }
  message AuthUserGrantRoleRequest { string user = 1; string role = 2; }
  message AuthUserRevokeRoleRequest { string name = 1; string role = 2; }

  message AuthRoleAddRequest { string name = 1; }
  message AuthRoleGetRequest { string role = 1; }
  message AuthRoleGetResponse { repeated Permission perm = 2; }
  message AuthRoleListResponse { repeated string roles = 2; }
  message AuthRoleDeleteRequest { string role = 1; }
  message AuthRoleGrantPermissionRequest { string name = 1; Permission perm = 2; }
  message AuthRoleRevokePermissionRequest { string role = 1; bytes key = 2; bytes range_end = 3; }
`);

const nothing = () => ({});
const names = (found: readonly unknown[]) => found.map(String);

export const userList = method('Auth/UserList', 'Empty', 'AuthUserListResponse', ({ users }) => names(users));
export const roleList = method('Auth/RoleList', 'Empty', 'AuthRoleListResponse', ({ roles }) => names(roles));
export const userGet = method('Auth/UserGet', 'AuthUserGetRequest', 'AuthUserGetResponse', ({ roles }) =>
  names(roles),
);
export const roleGet = method('Auth/RoleGet', 'AuthRoleGetRequest', 'AuthRoleGetResponse', ({ perm }) =>
  permissions(perm),
);
export const authEnable = method('Auth/AuthEnable', 'Empty', 'Empty', nothing);

function permissions(found: readonly Message[]): readonly Permission[] {
  return found.map(({ permType, key, range_end }) => ({
    type: permType,
    key: Buffer.from(key).toString(),
    rangeEnd: Buffer.from(range_end).toString('latin1'),
  }));
}

interface Call {
  readonly method: Method<object>;
  readonly request: object;
}

const userAdd = method('Auth/UserAdd', 'AuthUserAddRequest', 'Empty', nothing);
const userDelete = method('Auth/UserDelete', 'AuthUserDeleteRequest', 'Empty', nothing);
const userGrantRole = method('Auth/UserGrantRole', 'AuthUserGrantRoleRequest', 'Empty', nothing);
const userRevokeRole = method('Auth/UserRevokeRole', 'AuthUserRevokeRoleRequest', 'Empty', nothing);
const roleAdd = method('Auth/RoleAdd', 'AuthRoleAddRequest', 'Empty', nothing);
const roleDelete = method('Auth/RoleDelete', 'AuthRoleDeleteRequest', 'Empty', nothing);
const permit = method('Auth/RoleGrantPermission', 'AuthRoleGrantPermissionRequest', 'Empty', nothing);
const forbid = method('Auth/RoleRevokePermission', 'AuthRoleRevokePermissionRequest', 'Empty', nothing);

/** The call that does a step. */
export function callOf(step: AccessStep): Call {
  switch (step.kind) {
    case 'enrol':
      return { method: txnMethod, request: enrolment(step.members) };
    case 'add-user':
      return { method: userAdd, request: { name: step.user, options: { no_password: true } } };
    case 'delete-user':
      return { method: userDelete, request: { name: step.user } };
    case 'grant':
      return { method: userGrantRole, request: { user: step.user, role: step.role } };
    case 'revoke':
      return { method: userRevokeRole, request: { name: step.user, role: step.role } };
    case 'add-role':
      return { method: roleAdd, request: { name: step.role } };
    case 'delete-role':
      return { method: roleDelete, request: { role: step.role } };
    case 'permit': {
      const { type, ...keys } = step.permission;
      return { method: permit, request: { name: step.role, perm: { permType: type, ...bytesOf(keys) } } };
    }
    case 'forbid':
      return { method: forbid, request: { role: step.role, ...bytesOf(step.permission) } };
  }
}

function enrolment(members: ReadonlyMap<string, string | undefined>): object {
  const success = [...members].map(([id, value]) => {
    return value === undefined ? { delete: memberKey(id) } : { put: memberKey(id), value };
  });
  return encodeTransaction({ compare: [], success });
}

function bytesOf({ key, rangeEnd }: Pick<Permission, 'key' | 'rangeEnd'>) {
  return { key: Buffer.from(key), range_end: Buffer.from(rangeEnd, 'latin1') };
}
