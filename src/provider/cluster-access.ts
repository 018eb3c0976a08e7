import type { Authority } from '../pki/authority.ts';
import { AgentApi, upPatience } from '../push/api.ts';
import { changeTakers, sshGateway } from '../push/gateway.ts';
import type { ConnectOptions } from '../ssh/connect.ts';
import type { Connection } from '../ssh/connection.ts';
import type { ConnectionPool } from '../ssh/pool.ts';
import { type MachineAccess, sshTarget } from './machine-access.ts';
import type { Context } from './resource.ts';

/** What opens a cluster: the key that logs in on its machines, and its certificate authority. */
export interface ClusterKeys {
  readonly privateKey: string;
  readonly caCertificate: string;
  readonly caPrivateKey: string;
}

export function authorityOf({ caCertificate, caPrivateKey }: ClusterKeys): Authority {
  return { certificate: caCertificate, privateKey: caPrivateKey };
}

/** Connections to these machines, by name. */
export function connector(
  pool: ConnectionPool,
  machines: readonly MachineAccess[],
  { privateKey }: ClusterKeys,
  options: ConnectOptions,
): (machine: { readonly name: string }) => Promise<Connection> {
  return async ({ name }) => {
    const machine = machines.find((each) => each.name === name);
    if (!machine) throw new Error(`${name} is no machine of this cluster`);
    return pool.get(sshTarget(machine, privateKey), options);
  };
}

/**
 * The agents that take changes. They are asked on while they answer that etcd does not, as `up` has to end well; what can
 * do without an answer, as a preview can, has no `patience`.
 */
export function changeApi(
  pool: Parameters<typeof sshGateway>[0],
  { machines, privateKey }: Pick<ClusterKeys, 'privateKey'> & { readonly machines: readonly MachineAccess[] },
  { log, signal, patience = upPatience }: Pick<Context, 'log' | 'signal'> & { readonly patience?: number },
): AgentApi {
  const gateways = changeTakers(machines).map((machine) =>
    sshGateway(pool, sshTarget(machine, privateKey), log),
  );
  return new AgentApi(gateways, { log, signal, patience });
}

/** For when all that is asked is how a machine is: 10 s, and no word of tries, since one that is off is told of later. */
export function forLooks({ signal }: Context): ConnectOptions {
  return { log: () => undefined, signal, deadline: 10 };
}
