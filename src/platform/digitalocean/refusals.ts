import { refreshCommand, upCommand } from '../../model/up-command.ts';
import type { Refusal } from '../refusal.ts';

const again = `${upCommand()} again: it goes on where this run ended`;

/**
 * How DigitalOcean's API and Pulumi's plugin for it say no (API reference, "Errors"; terraform-provider-digitalocean), and
 * what to do then. docs/digitalocean.md has the same for people who read first.
 */
export const digitaloceanRefusals: readonly Refusal[] = [
  {
    says: /: 401\b|Unable to authenticate you/,
    cause: 'DigitalOcean does not take the token: it is wrong, has expired or was deleted',
    next: `make another at https://cloud.digitalocean.com/account/api/tokens, \`npx pulumi config set --secret digitalocean:token\`, and ${upCommand()} again`,
  },
  {
    says: /Can not delete default VPCs/,
    cause: 'it is the default VPC of its region, which nobody can delete',
    next: 'make another VPC in that region in the control panel, let it be the default, and `npm run down` again',
  },
  {
    says: /: 403\b|You are not authorized|do not have access for the attempted action/,
    cause: 'the token lacks a scope for this',
    next: `give it the scopes that docs/digitalocean.md lists, then ${again}`,
  },
  {
    says: /droplet limit/i,
    cause: 'the account may not have more droplets',
    next: `remove droplets, or ask DigitalOcean for a higher limit (control panel, Settings, Team), then ${again}`,
  },
  {
    says: /limit of \S+ (load balancers?|vpcs?|firewalls?)|(load balancer|vpc|firewall)s? limit|reached the (maximum|limit)/i,
    cause: 'the account may not have more of these',
    next: `remove what is not needed, or ask DigitalOcean for a higher limit, then ${again}`,
  },
  {
    says: /Size is (currently unavailable|not available) in this region/i,
    cause: 'the region has no room for this size now',
    next: `name another one in flotilla:digitalocean.sizes, or wait, then ${again}`,
  },
  {
    says: /invalid image|image you specified|image.*(not found|unavailable)/i,
    cause: 'the image is not there any more, or not in this region',
    next: `name another one in flotilla:digitalocean.image, then ${again}`,
  },
  {
    says: /SSH Key is already in use/,
    cause: 'the account has this key already: an earlier run was cut off after making it',
    next: `remove the key whose name begins with flotilla-<stack> in the control panel (Settings, Security), then ${again}`,
  },
  {
    says: /name is already in use|name is not unique|duplicate name/i,
    cause: 'something of this name is there already, which an earlier run made and could not note',
    next: `look for the name in the control panel and remove it, then ${again}`,
  },
  {
    says: /overlaps with another VPC/,
    cause: 'another VPC of the account has addresses of this range',
    next: `choose another flotilla:network, or remove that VPC, then ${again}`,
  },
  {
    says: /Can not delete VPC with members|: 409\b/,
    cause:
      'something that this stack does not know is in it: the control panel lists it under the VPC, Resources',
    next: 'remove that there, then `npm run down` again',
  },
  {
    says: /unexpected state 'Not Found', wanted target/,
    cause: 'it was deleted by somebody else already',
    next: `\`npx pulumi destroy --refresh\`, or ${refreshCommand()} to have it again`,
  },
  {
    says: /unexpected state 'off', wanted target 'active'/,
    cause: 'the droplet is off, where it should have booted',
    next: `look at its console in the control panel and switch it on; ${again}, and takes it as it is. To have another, destroy it there and ${refreshCommand()}`,
  },
  {
    says: /timeout while waiting for state to become 'active' \(last state: 'new'/,
    cause: 'the cloud has not made it ready in time',
    next: `look at it in the control panel; if it is stuck, destroy it there and ${refreshCommand()}, which makes another`,
  },
  {
    says: /: 429\b|rate limit exceeded/i,
    cause: 'the account has asked the API too often, and it did not recover within the tries of the plugin',
    next: `wait some minutes (the limit counts by the minute and the hour), then ${again}`,
  },
  {
    says: /: 5\d\d\b|giving up after \d+ attempt/,
    cause: 'the API itself fails, and did not recover within the tries of the plugin',
    next: `see https://status.digitalocean.com, then ${again}`,
  },
  {
    says: /no answer|connection (reset|refused)|\bEOF\b|no such host|i\/o timeout/i,
    cause: 'the API can not be reached, or the connection broke',
    next: `see whether https://api.digitalocean.com answers from here, then ${again}`,
  },
];
