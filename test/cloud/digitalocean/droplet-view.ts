import type { Droplet } from './inventory.ts';

/** A droplet as the API shows it. The stock plugin breaks without `region`, `size` or `networks`. */
export function viewDroplet(droplet: Droplet): object {
  const { size, addresses, features } = droplet;
  return {
    id: droplet.id,
    name: droplet.name,
    memory: size.memory,
    vcpus: size.vcpus,
    disk: droplet.disk,
    disk_info: [{ type: 'local', size: { amount: droplet.disk, unit: 'gib' } }],
    locked: droplet.locked,
    status: droplet.status,
    kernel: null,
    created_at: droplet.created_at,
    features,
    backup_ids: [],
    next_backup_window: null,
    snapshot_ids: [],
    image: droplet.image,
    volume_ids: [],
    size,
    size_slug: size.slug,
    networks: {
      v4: addresses ? [v4(droplet.privateAddress, 'private'), v4(addresses.v4, 'public')] : [],
      v6: addresses?.v6 !== undefined && features.includes('ipv6') ? [v6(addresses.v6)] : [],
    },
    region: droplet.region,
    tags: droplet.tags,
    vpc_uuid: droplet.vpc,
  };
}

function v4(address: string, type: 'private' | 'public') {
  const gateway = type === 'public' ? address.replace(/\d+$/, '1') : null;
  return { ip_address: address, netmask: '255.255.240.0', gateway, type };
}

function v6(address: string) {
  return { ip_address: address, netmask: 64, gateway: address.replace(/[^:]*$/, '1'), type: 'public' };
}
