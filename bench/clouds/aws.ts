import { startMoto } from '../../test/cloud/aws/moto.ts';
import { startProxy } from '../../test/cloud/aws/proxy.ts';
import { LocalMachines } from '../../test/cloud/local-machines.ts';
import type { OpenCloud } from './cloud.ts';

export const openAws: OpenCloud = async (options) => {
  const machines = new LocalMachines(options);
  const moto = await startMoto();
  const proxy = await startProxy(moto.url, machines);
  const endpoints = Object.fromEntries(['ec2', 'elbv2', 'ssm'].map((service) => [service, proxy.url]));
  return {
    plugin: 'test/cloud/aws/plugin',
    variables: { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
    settings: {
      'aws:region': 'eu-central-1',
      'aws:skipCredentialsValidation': 'true',
      'aws:skipRequestingAccountId': 'true',
      'aws:endpoints': JSON.stringify([endpoints]),
      aws: { sshFrom: ['127.0.0.0/8'] },
    },
    // On other clouds etcd's data is on the machine's disk.
    core: { etcdDisk: 10 },
    inventory: () => proxy.inventory.names(),
    async close() {
      await machines.close();
      await proxy.close();
      await moto.stop();
    },
  };
};
