import { core, type MalformedSample } from './malformed-samples.ts';

/** A stack on DigitalOcean. */
export function droplets(settings: object, machines: object = { core }): Record<string, unknown> {
  const digitalocean = { region: 'fra1', sshFrom: ['203.0.113.7/32'], ...settings };
  return { platform: 'digitalocean', machines, digitalocean };
}

/** A stack on AWS. */
function instances(settings: object, machines: object = { core }): Record<string, unknown> {
  return { platform: 'aws', machines, aws: { sshFrom: ['203.0.113.7/32'], ...settings } };
}

const bastion = { address: '203.0.113.9', user: 'jump', hostKey: `SHA256:${'a'.repeat(43)}` };

/** What nobody can use of what there is to say to a cloud. */
export const malformedClouds: MalformedSample[] = [
  [
    'droplets without a word about them',
    { platform: 'digitalocean', machines: { core } },
    'flotilla:digitalocean',
    /is missing/,
    /region and sshFrom.*Pulumi\.digitalocean\.yaml/,
  ],
  [
    'droplets without a region',
    droplets({ region: undefined }),
    'flotilla:digitalocean.region',
    /is missing/,
    /use ams3 or .*fra1 or/,
  ],
  [
    'droplets in a region that is not known',
    droplets({ region: 'fra2' }),
    'flotilla:digitalocean.region',
    /"fra2" is not known/,
    /fra1/,
  ],
  [
    'droplets that nobody may reach',
    droplets({ sshFrom: undefined }),
    'flotilla:digitalocean.sshFrom',
    /is missing/,
    /203\.0\.113\.7\/32.*curl -4.*says what yours is/,
  ],
  [
    'droplets that no address may reach',
    droplets({ sshFrom: [] }),
    'flotilla:digitalocean.sshFrom',
    /too small/,
    /1 or more/,
  ],
  [
    'an address by name',
    droplets({ sshFrom: ['203.0.113.7', 'office'] }),
    'flotilla:digitalocean.sshFrom.1',
    /"office"/,
    /an address or a range/,
  ],
  [
    'a size for a group that is not there',
    droplets({ sizes: { croe: 's-1vcpu-2gb' } }),
    'flotilla:digitalocean.sizes.croe',
    /no group croe/,
    /core\?/,
  ],
  [
    'a subnet where the cloud gives addresses',
    droplets({}, { core: { ...core, subnet: 3 } }),
    'flotilla:machines.core.subnet',
    /digitalocean gives out itself/,
    /take it out/,
  ],
  [
    'droplets in a public range',
    { ...droplets({}), network: '8.8.0.0/16' },
    'flotilla:network',
    /private/,
    /10\.77/,
  ],
  [
    'words for droplets beside another platform',
    { ...droplets({}), platform: 'local' },
    'flotilla:digitalocean',
    /for the platform digitalocean/,
    /set flotilla:platform to digitalocean/,
  ],
  [
    'instances without a word about them',
    { platform: 'aws', machines: { core } },
    'flotilla:aws',
    /is missing/,
    /sshFrom.*Pulumi\.aws\.yaml/,
  ],
  [
    'instances that nobody may reach',
    instances({ sshFrom: undefined }),
    'flotilla:aws.sshFrom',
    /is missing/,
    /203\.0\.113\.7\/32.*curl -4.*says what yours is/,
  ],
  [
    'instances that IPv6 is to reach',
    instances({ sshFrom: ['2001:db8::1'] }),
    'flotilla:aws.sshFrom.0',
    /"2001:db8::1" cannot be used/,
    /an IPv4 address or a range/,
  ],
  [
    'a zone by its whole name',
    instances({ zones: ['eu-central-1a'] }),
    'flotilla:aws.zones.0',
    /"eu-central-1a" is not known/,
    /use a or b or c/,
  ],
  [
    'a zone twice',
    instances({ zones: ['a', 'b', 'a'] }),
    'flotilla:aws.zones',
    /cannot be used/,
    /each zone once/,
  ],
  ['no zone', instances({ zones: [] }), 'flotilla:aws.zones', /too small/, /1 or more/],
  [
    'a region where the provider does not look',
    instances({ region: 'eu-central-1' }),
    'flotilla:aws.region',
    /no setting "region"/,
    /known here|did you mean/,
  ],
  [
    'a size that is no instance type',
    instances({ size: 'T3 small' }),
    'flotilla:aws.size',
    /"T3 small" cannot be used/,
    /an instance type in lower case, like t3\.small/,
  ],
  [
    'an instance type for a group that is not there',
    instances({ sizes: { croe: 't3.small' } }),
    'flotilla:aws.sizes.croe',
    /no group croe/,
    /core\?/,
  ],
  [
    'an image by name alone',
    instances({ image: { name: 'debian-13-*' } }),
    'flotilla:aws.image',
    /cannot be used/,
    /ami-.*parameter: \/aws.*owner:/,
  ],
  [
    'an image by two ways',
    instances({ image: { parameter: '/my/image', owner: 'self', name: 'x' } }),
    'flotilla:aws.image',
    /cannot be used/,
    /ami-/,
  ],
  [
    'an image of a name',
    instances({ image: 'debian-13' }),
    'flotilla:aws.image',
    /"debian-13" cannot be used/,
    /an id like ami-/,
  ],
  [
    'an image of an account that is no number of 12 digits',
    instances({ image: { owner: '13669307', name: 'debian-13-*' } }),
    'flotilla:aws.image.owner',
    /"13669307" cannot be used/,
    /12 digits of an account/,
  ],
  [
    'a subnet where AWS gives addresses',
    instances({}, { core: { ...core, subnet: 3 } }),
    'flotilla:machines.core.subnet',
    /aws gives out itself/,
    /take it out/,
  ],
  [
    'words for instances beside another platform',
    { ...instances({}), platform: 'local' },
    'flotilla:aws',
    /for the platform aws/,
    /set flotilla:platform to aws/,
  ],
  [
    'a bastion in a word',
    { ...droplets({}), proxyJump: 'jump@203.0.113.9' },
    'flotilla:proxyJump',
    /"jump@203\.0\.113\.9" is of the wrong type/,
    /keys and values; known here: address, port, user, hostKey, identityFile/,
  ],
  [
    'a bastion whose host key nobody knows',
    { ...droplets({}), proxyJump: { ...bastion, hostKey: undefined } },
    'flotilla:proxyJump.hostKey',
    /is missing/,
    /ed25519 host key.*ssh-keygen -lf/,
  ],
  [
    'a host key of another kind on a bastion',
    { ...droplets({}), proxyJump: { ...bastion, hostKey: 'ssh-rsa AAAAB3' } },
    'flotilla:proxyJump.hostKey',
    /"ssh-rsa AAAAB3" cannot be used/,
    /ssh-keygen -lf/,
  ],
  [
    'a bastion without a user',
    { ...droplets({}), proxyJump: { ...bastion, user: undefined } },
    'flotilla:proxyJump.user',
    /is missing/,
    /a user name, like admin/,
  ],
  [
    "a bastion's key as a name",
    { ...droplets({}), proxyJump: { ...bastion, identityFile: 'id_ed25519' } },
    'flotilla:proxyJump.identityFile',
    /"id_ed25519" cannot be used/,
    /begins with/,
  ],
  [
    'a private key in the config',
    { ...droplets({}), proxyJump: { ...bastion, privateKey: 'PEM' } },
    'flotilla:proxyJump.privateKey',
    /no setting/,
    /known here: address/,
  ],
  [
    'droplets of Flatcar without an image',
    { ...droplets({}), os: 'flatcar' },
    'flotilla:digitalocean.image',
    /has no image of Flatcar/,
    /upload Flatcar's image/,
  ],
  [
    'machines of Flatcar here without an image',
    { machines: { core }, os: 'flatcar' },
    'flotilla:os',
    /no image of Flatcar is built/,
    /name its image for QEMU in flotilla:local\.image/,
  ],
  [
    'hosts with Flatcar',
    {
      platform: 'hosts',
      os: 'flatcar',
      machines: { core: { count: 1, etcd: true } },
      hosts: {
        machines: { core: [{ address: '10.0.0.1', user: 'me', hostKey: `SHA256:${'a'.repeat(43)}` }] },
      },
    },
    'flotilla:os',
    /hosts can't run Flatcar: .*packages/,
    /set it to debian-13, debian-12, ubuntu-24\.04, or take another platform/,
  ],
  [
    'a bastion before your own computer',
    { machines: { core }, proxyJump: bastion },
    'flotilla:proxyJump',
    /answer on your own computer/,
    /take it out/,
  ],
  [
    'SSH of droplets, published',
    droplets({}, { core: { ...core, publish: { 8080: 22 } } }),
    'flotilla:machines.core.publish.8080',
    /port 22 of the machines is SSH's/,
    /flotilla:digitalocean\.sshFrom/,
  ],
  [
    'SSH of instances, published behind a load balancer',
    instances({ loadBalancer: true }, { core: { ...core, publish: { 80: { port: 22, service: 'app' } } } }),
    'flotilla:machines.core.publish.80',
    /port 22 of the machines is SSH's/,
    /flotilla:aws\.sshFrom/,
  ],
  [
    "etcd's port for clients, published",
    instances({}, { core: { ...core, publish: { 8081: 2379 } } }),
    'flotilla:machines.core.publish.8081',
    /port 2379 of the machines is etcd's/,
    /take it out/,
  ],
  [
    "etcd's port for peers, published",
    droplets({}, { core: { ...core, publish: { 8081: 2380 } } }),
    'flotilla:machines.core.publish.8081',
    /port 2380 of the machines is etcd's/,
    /take it out/,
  ],
];
