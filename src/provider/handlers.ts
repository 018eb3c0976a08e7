import { connectDeadline } from '../push/gateway.ts';
import { connect as dial } from '../ssh/connect.ts';
import { type Connect, ConnectionPool } from '../ssh/pool.ts';
import { anyHandler } from './handler.ts';
import type { AnyHandler } from './resource.ts';
import { agents } from './resources/agents.ts';
import { etcdCluster } from './resources/etcd-cluster.ts';
import { hostKey } from './resources/host-key.ts';
import { machine as host } from './resources/hosts/machine.ts';
import { network as hostsNetwork } from './resources/hosts/network.ts';
import { image } from './resources/image.ts';
import { image as localImage } from './resources/local/image.ts';
import { machine } from './resources/local/machine.ts';
import { network } from './resources/local/network.ts';
import { pki } from './resources/pki.ts';
import { region } from './resources/region.ts';
import { sshKey } from './resources/ssh-key.ts';
import { unitSet } from './resources/unit-set.ts';

/** Every resource type by its token, and one SSH connection per machine for all of them. */
export function createHandlers(): {
  handlers: Readonly<Record<string, AnyHandler>>;
  close: () => Promise<void>;
} {
  const patient: Connect = (target, options) => dial(target, { deadline: connectDeadline, ...options });
  const pool = new ConnectionPool(patient);
  const connect: Connect = (target, options) => pool.get(target, options);
  const ofHost: Connect = (target, options) => connect({ ...target, platform: 'hosts' }, options);
  return {
    handlers: {
      'flotilla:index:SshKey': anyHandler(sshKey),
      'flotilla:index:Pki': anyHandler(pki),
      'flotilla:index:Region': anyHandler(region),
      'flotilla:local:Image': anyHandler(localImage),
      'flotilla:local:Network': anyHandler(network),
      'flotilla:local:Machine': anyHandler(machine),
      'flotilla:hosts:Network': anyHandler(hostsNetwork(connect)),
      'flotilla:hosts:Machine': anyHandler(host(ofHost)),
      'flotilla:index:HostKey': anyHandler(hostKey(pool)),
      'flotilla:index:EtcdCluster': anyHandler(etcdCluster(pool)),
      'flotilla:index:Agents': anyHandler(agents(pool)),
      'flotilla:index:Image': anyHandler(image(pool)),
      'flotilla:index:UnitSet': anyHandler(unitSet(pool)),
    },
    close: () => pool.close(),
  };
}
