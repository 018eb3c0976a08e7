import * as pulumi from '@pulumi/pulumi';
import { answerAws } from './aws-answers.ts';
import { answerDigitalocean } from './digitalocean-answers.ts';
import { answerOwn } from './platform.ts';
import type { Provider } from './pulumi-program.ts';

type Computed = (name: string) => Record<string, unknown>;

/** What the plugin computes, by the last part of the type; where a machine is told apart by it, its name is in it. */
const computed: Readonly<Record<string, Computed>> = {
  Pki: () => ({
    certificate: 'a certificate',
    privateKey: pulumi.secret('BEGIN PRIVATE KEY of the authority'),
  }),
  HostKey: (name) => ({ publicKey: `lasting key of ${name}`, machineId: `id of ${name}` }),
  EtcdCluster: () => ({
    endpoints: ['https://10.0.0.5:2379'],
    clusterId: '1',
    health: { 'core-1': 'healthy' },
  }),
  UnitSet: () => ({ placements: { 'web.service': ['core-1'] } }),
  // Of a local machine, and of containers.
  Image: () => ({ key: 'debian-13', imageId: 'sha256:1' }),
  Machine: (name) => ({
    host: '127.0.0.1',
    port: 2200,
    incarnation: `life of ${name}`,
    machineId: `id of ${name}`,
    provedKey: `own key of ${name}`,
  }),
  Network: () => ({ emulated: false, systems: {} }),
};

/** Answers for whole clusters on the platforms. */
export const answerAll: Provider = (args) => {
  const { type, name, inputs } = args;
  if (type === 'flotilla:index:SshKey') return answerOwn(args);
  if (type.startsWith('digitalocean:')) return answerDigitalocean(args);
  if (type.startsWith('aws:')) return answerAws(args);
  const kind = type.split(':').at(-1) ?? '';
  return { id: name, state: { ...inputs, ...computed[kind]?.(name) } };
};
