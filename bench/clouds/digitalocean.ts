import { startApi } from '../../test/cloud/digitalocean/api.ts';
import { quick } from '../../test/cloud/digitalocean/sample.ts';
import { LocalMachines } from '../../test/cloud/local-machines.ts';
import type { OpenCloud } from './cloud.ts';

export const openDigitalocean: OpenCloud = async (options) => {
  const machines = new LocalMachines(options);
  const api = await startApi({ ...quick, machines });
  return {
    plugin: 'test/cloud/digitalocean/plugin',
    variables: { DIGITALOCEAN_TOKEN: api.token, DIGITALOCEAN_API_URL: api.url },
    settings: { digitalocean: { region: 'fra1', sshFrom: ['127.0.0.0/8'] } },
    core: {},
    inventory: () => api.inventory.names(),
    async close() {
      await machines.close();
      await api.close();
    },
  };
};
