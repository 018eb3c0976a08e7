import * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';

/** A cluster's resources at DigitalOcean without a cluster on them, for the test cloud's own test. */
const config = new pulumi.Config();
const region = 'nyc3';

const tag = new digitalocean.Tag('members', { name: 'members' });
const vpc = new digitalocean.Vpc('main', { region, ipRange: '10.10.0.0/24' });
const key = new digitalocean.SshKey('login', { publicKey: config.require('publicKey') });
const droplets = Array.from(
  { length: config.requireNumber('count') },
  (_, at) =>
    new digitalocean.Droplet(
      `core-${at + 1}`,
      {
        name: `core-${at + 1}`,
        region,
        size: 's-2vcpu-4gb',
        image: 'debian-13-x64',
        sshKeys: [key.fingerprint],
        vpcUuid: vpc.id,
        tags: [tag.name],
        userData: config.requireSecret('userData'),
      },
      { ignoreChanges: ['userData'], replacementTrigger: config.requireNumber('generation') },
    ),
);
new digitalocean.Firewall('main', {
  tags: [tag.name],
  inboundRules: [
    { protocol: 'tcp', portRange: '22', sourceAddresses: ['192.0.2.0/24'] },
    { protocol: 'tcp', portRange: 'all', sourceTags: [tag.name] },
  ],
});

export const addresses = droplets.map((droplet) => droplet.ipv4Address);
