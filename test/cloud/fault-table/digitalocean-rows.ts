import { effects } from '../digitalocean/effects.ts';
import type { Row } from './row.ts';

/** An hour, a droplet's time to boot, is 4 s then, and a minute, its time to go, 60 ms. */
const impatient = { TEST_CLOUD_PATIENCE: '0.001' };
const droplet = 'core-1 (digitalocean:index/droplet:Droplet)';

export const digitaloceanRows: readonly Row[] = [
  {
    what: '429 with Retry-After',
    faults: [{ call: 'POST /v2/droplets', effect: effects.rateLimited, times: 2 }],
    expected: 'retried',
  },
  {
    what: '429 without Retry-After',
    faults: [{ call: 'POST /v2/vpcs', effect: effects.throttled, times: 3 }],
    expected: 'retried',
  },
  {
    what: '429 for longer than the plugin tries',
    faults: [{ call: 'POST /v2/vpcs', effect: effects.throttled, times: 5 }],
    expected: {
      resource: 'digitalocean:index/vpc:Vpc',
      cause: 'API rate limit exceeded',
      next: 'wait some minutes',
    },
  },
  {
    what: '500',
    faults: [{ call: 'POST /v2/*', effect: effects.serverError, times: 3 }],
    expected: 'retried',
  },
  {
    what: '502 with no body',
    faults: [{ call: 'POST /v2/droplets', effect: effects.badGateway, times: 2 }],
    expected: 'retried',
  },
  {
    what: '502 with no body for longer than the plugin tries',
    faults: [{ call: 'POST /v2/vpcs', effect: effects.badGateway, times: 5 }],
    expected: {
      resource: 'digitalocean:index/vpc:Vpc',
      cause: '502',
      next: 'see https://status.digitalocean.com',
    },
  },
  {
    what: '503 when the state is read',
    run: 'up --refresh',
    faults: [{ call: 'GET /v2/droplets/*', effect: effects.unavailable, each: true, times: 2 }],
    expected: 'retried',
  },
  {
    what: 'a droplet that was made is not found yet',
    faults: [{ call: 'GET /v2/droplets/*', effect: effects.notThereYet, each: true, times: 3 }],
    expected: 'retried',
  },
  {
    what: 'a key that was made is not found yet',
    faults: [{ call: 'GET /v2/account/keys/*', effect: effects.notThereYet, times: 3 }],
    expected: 'retried',
  },
  {
    what: 'connection reset before anything was made',
    faults: [{ call: 'POST /v2/droplets', effect: effects.cutBefore }],
    expected: 'retried',
  },
  {
    what: 'connection reset after a tag was made',
    faults: [{ call: 'POST /v2/tags', effect: effects.cutAfter }],
    expected: 'retried',
  },
  {
    what: 'connection reset after the key was made',
    faults: [{ call: 'POST /v2/account/keys', effect: effects.cutAfter }],
    expected: {
      resource: 'digitalocean:index/sshKey:SshKey',
      cause: 'SSH Key is already in use on your account',
      next: 'remove the key whose name begins with flotilla-',
    },
    mend: 'remove the key',
  },
  {
    what: 'connection reset after the VPC was made',
    faults: [{ call: 'POST /v2/vpcs', effect: effects.cutAfter }],
    expected: {
      resource: 'digitalocean:index/vpc:Vpc',
      cause: 'name is already in use',
      next: 'look for the name in the control panel and remove it',
    },
    mend: 'remove the VPC',
  },
  {
    what: 'connection reset after a droplet was made',
    faults: [{ call: 'POST /v2/droplets', effect: effects.cutAfter }],
    expected: {
      resource: 'core-1',
      cause: 'there is a second droplet',
      next: 'doctl compute droplet delete',
      warns: true,
    },
    mend: 'remove the droplet that is named',
  },
  {
    what: 'quota of droplets',
    faults: [{ call: 'POST /v2/droplets', effect: effects.quota }],
    expected: {
      resource: 'digitalocean:index/droplet:Droplet',
      cause: effects.quota.message,
      next: 'remove droplets, or ask DigitalOcean for a higher limit',
    },
  },
  {
    what: 'no capacity for the size',
    faults: [{ call: 'POST /v2/droplets', effect: effects.capacity }],
    expected: {
      resource: 'digitalocean:index/droplet:Droplet',
      cause: effects.capacity.message,
      next: 'name another one in flotilla:digitalocean.sizes',
    },
  },
  {
    what: 'image gone',
    faults: [{ call: 'POST /v2/droplets', effect: effects.imageGone, times: 2 }],
    expected: {
      resource: 'digitalocean:index/droplet:Droplet',
      cause: effects.imageGone.message,
      next: 'name another one in flotilla:digitalocean.image',
    },
  },
  {
    what: 'invalid token',
    variables: { DIGITALOCEAN_TOKEN: 'deleted' },
    expected: {
      // Whichever is asked for first.
      resource: '(digitalocean:index/',
      cause: 'Unable to authenticate you',
      next: 'make another at https://cloud.digitalocean.com/account/api/tokens',
    },
  },
  {
    what: 'a scope that the token lacks: the firewall is not made',
    faults: [{ call: 'POST /v2/firewalls', effect: effects.forbidden }],
    expected: {
      resource: 'digitalocean:index/firewall:Firewall',
      cause: effects.forbidden.message,
      next: 'give it the scopes that docs/digitalocean.md lists',
    },
  },
  {
    what: 'quota of VPCs',
    faults: [{ call: 'POST /v2/vpcs', effect: effects.vpcQuota }],
    expected: {
      resource: 'digitalocean:index/vpc:Vpc',
      cause: effects.vpcQuota.message,
      next: 'remove what is not needed',
    },
  },
  {
    what: 'another VPC of the account has the range',
    before: 'make a VPC of that range',
    expected: {
      resource: 'digitalocean:index/vpc:Vpc',
      cause: 'This range/size overlaps with another VPC network in your account',
      next: 'choose another flotilla:network',
    },
    mend: 'remove the VPC',
  },
  {
    what: 'a droplet that never boots',
    faults: [{ machine: 'core-1', fate: 'never active' }],
    variables: impatient,
    expected: {
      resource: droplet,
      cause: "timeout while waiting for state to become 'active'",
      next: 'look at it in the control panel',
    },
    mend: 'remove core-1',
    flags: ['--refresh'],
  },
  {
    what: 'a droplet that dies while it is waited for',
    faults: [{ machine: 'core-1', fate: 'off' }],
    expected: {
      resource: droplet,
      cause: "unexpected state 'off', wanted target 'active'",
      next: 'look at its console in the control panel and switch it on',
    },
  },
  {
    what: 'quota of load balancers',
    config: 'load balancer',
    faults: [{ call: 'POST /v2/load_balancers', effect: effects.balancerQuota }],
    expected: {
      resource: 'digitalocean:index/loadBalancer:LoadBalancer',
      cause: effects.balancerQuota.message,
      next: 'remove what is not needed',
    },
  },
  {
    what: 'a load balancer that stays new',
    config: 'load balancer',
    faults: [{ machine: 'flotilla-*', fate: 'never active' }],
    variables: impatient,
    expected: {
      resource: 'digitalocean:index/loadBalancer:LoadBalancer',
      cause: "timeout while waiting for state to become 'active'",
      next: 'look at it in the control panel',
    },
  },
  {
    what: 'the VPC has members for a while when it is deleted',
    run: 'destroy',
    faults: [{ call: 'DELETE /v2/vpcs/*', effect: { answer: 409 }, times: 2 }],
    expected: 'retried',
  },
  {
    what: 'somebody has a droplet in the VPC when it is deleted',
    run: 'destroy',
    before: 'put a droplet into the VPC',
    variables: impatient,
    expected: {
      resource: 'digitalocean:index/vpc:Vpc',
      cause: 'Can not delete VPC with members',
      next: 'remove that there',
    },
    mend: 'remove that droplet',
  },
  {
    what: 'a droplet to destroy was deleted by hand',
    run: 'destroy',
    before: 'remove core-1',
    expected: {
      resource: droplet,
      cause: "unexpected state 'Not Found'",
      next: '`npx pulumi destroy --refresh`',
    },
    flags: ['--refresh'],
  },
  {
    what: 'a droplet that was deleted by hand comes again',
    run: 'up --refresh',
    before: 'remove core-1',
    expected: 'retried',
  },
  {
    what: 'connection reset after a droplet was told to go',
    run: 'destroy',
    faults: [{ call: 'DELETE /v2/droplets/*', effect: effects.cutAfter }],
    expected: 'retried',
  },
  {
    what: '500 when things are deleted',
    run: 'destroy',
    faults: [{ call: 'DELETE /v2/*/*', effect: effects.serverError, times: 3 }],
    expected: 'retried',
  },
  {
    what: 'another region in the config',
    run: 'up again',
    change: { 'flotilla:digitalocean': { region: 'nyc3', sshFrom: ['192.0.2.0/24'] } },
    expected: {
      resource: 'flotilla:index:Region (region)',
      cause: 'the cluster lives in fra1, and flotilla:digitalocean.region is nyc3 now',
      next: 'set flotilla:digitalocean.region to fra1 again',
    },
  },
];
