/**
 * Where the agent's files are on a machine. The units in its cloud-config wait for them there, and the Agents
 * resource delivers them over SSH.
 */
export const agentFiles = {
  bundle: '/opt/flotilla/agent.mjs',
  config: '/etc/flotilla/agent.json',
  certificate: '/etc/flotilla/pki/agent.crt',
  key: '/etc/flotilla/pki/agent.key',
  authority: '/etc/flotilla/pki/ca.crt',
  /** Certificate of the authority for services. */
  servicesAuthority: '/etc/flotilla/pki/services-ca.crt',
  /** Its key, on machines with etcd alone. */
  servicesKey: '/etc/flotilla/pki/services-ca.key',
  /** Holds the hash of all that the agent runs on; written last, so who sees it finds the rest in place. */
  ready: '/etc/flotilla/agent.ready',
} as const;
