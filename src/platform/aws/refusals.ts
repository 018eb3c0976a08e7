import { refreshCommand, upCommand } from '../../model/up-command.ts';
import type { Refusal } from '../refusal.ts';

const again = `${upCommand()} again: it goes on where this run ended`;

/**
 * How AWS and Pulumi's plugin for it say no (EC2 API reference, "Error codes"; terraform-provider-aws), and what to do
 * then. docs/aws.md has the same for people who read first.
 */
export const awsRefusals: readonly Refusal[] = [
  {
    says: /ExpiredToken|RequestExpired|token (has|is) expired|session (has|is) expired/i,
    cause: 'the session of these credentials is over',
    next: `\`aws sso login\`, or whatever gave them, then ${again}`,
  },
  {
    says: /InvalidClientTokenId|SignatureDoesNotMatch|AuthFailure|UnrecognizedClient|No valid credential sources/,
    cause: 'AWS does not take the credentials, or the region is not enabled for the account',
    next: `see what \`aws sts get-caller-identity\` says and whether the region is enabled, correct it, then ${again}`,
  },
  {
    says: /UnauthorizedOperation|AccessDenied|not authorized to perform/,
    cause: 'the credentials lack a permission, which the message above names',
    next: `add the action to their policy (docs/aws-policy.json is what we know of), then ${again}`,
  },
  {
    says: /VcpuLimitExceeded|InstanceLimitExceeded|MaxSpotInstanceCountExceeded/,
    cause: 'the account may not have more instances, or virtual CPUs, of this family',
    next: `terminate what is not needed, ask for more in Service Quotas, or name another type in flotilla:aws.sizes, then ${again}`,
  },
  {
    says: /InsufficientInstanceCapacity|InsufficientHostCapacity/,
    cause: 'AWS has no machine of this type free in this zone now',
    next: `wait, name another type in flotilla:aws.sizes or other flotilla:aws.zones, then ${again}`,
  },
  {
    says: /Unsupported: .*(instance type|Availability Zone)/,
    cause: 'this zone does not have this instance type',
    next: `name another type in flotilla:aws.sizes, or other flotilla:aws.zones, then ${again}`,
  },
  {
    says: /(Vpc|InternetGateway|Subnet|SecurityGroup|RouteTable|Rules?Per\w+|Address|Volume|NetworkInterface)\w*LimitExceeded|TooMany(LoadBalancers|TargetGroups|Targets|Listeners)|(Maximum|Max)\w*(LimitExceeded|Exceeded)/,
    cause: "one of the account's quotas is used up",
    next: `remove what is not needed, or ask for more in Service Quotas, then ${again}`,
  },
  {
    says: /InvalidAMIID|query returned no results/,
    cause: 'the image is not there any more, or not in this region',
    next: `name another one in flotilla:aws.image, then ${again}`,
  },
  {
    says: /ParameterNotFound/,
    cause: 'the region has no such SSM parameter',
    next: `name an image by owner and name in flotilla:aws.image, then ${again}`,
  },
  {
    says: /OptInRequired/,
    cause: 'the account has not accepted the terms of the image, or not enabled the region',
    next: `accept the terms in the Marketplace, or enable the region, then ${again}`,
  },
  {
    says: /InvalidSubnet\.(Conflict|Range)/,
    cause:
      'the VPC has a subnet with addresses of this range: an earlier run was cut off after making it, or somebody made one',
    next: `delete the subnet that the console lists under the VPC with the tag flotilla of this stack and that no machine is in, then ${again}`,
  },
  {
    says: /Invalid(Group|KeyPair)\.Duplicate|Duplicate(LoadBalancer|TargetGroup|Listener)(Name)?|InvalidPermission\.Duplicate|RouteAlreadyExists|AlreadyExists/,
    cause: 'something of this name is there already: an earlier run was cut off after making it',
    next: `delete it by the name that the message above has (it begins with flotilla-<stack>), then ${again}`,
  },
  {
    says: /InvalidParameterValue.*availabilityZone|parameter availabilityZone is invalid/,
    cause: 'the account has no such zone here; the message above names those it has',
    next: `write their letters into flotilla:aws.zones, then ${again}`,
  },
  {
    says: /InvalidBlockDeviceMapping/,
    cause: 'the image does not fit on the disk',
    next: `raise \`disk\` of the group, then ${again}`,
  },
  {
    says: /DependencyViolation|ResourceInUse|currently associated/,
    cause:
      'something that this stack does not know is in it, or hangs on it: the console lists it under network interfaces of the VPC',
    next: 'remove that there, then the same command again',
  },
  {
    says: /unexpected state '(terminated|shutting-down|stopped|stopping)'/,
    cause: 'the instance ended while it was waited for',
    next: `see its state transition reason in the console (a key for EBS that cannot be used is the usual one), then ${refreshCommand()}, which makes another`,
  },
  {
    says: /couldn't find resource|InvalidInstanceID\.NotFound/,
    cause: 'AWS said that it is made, and does not know it',
    next: `wait a minute, then ${refreshCommand()}: it takes what is there, and makes what is not`,
  },
  {
    says: /timeout while waiting for state to become/,
    cause: 'AWS has not made it ready in time',
    next: `look at it in the console; if it is stuck, delete it there and ${refreshCommand()}, which makes another`,
  },
  {
    says: /RequestLimitExceeded|Throttl|TooManyRequests|StatusCode: 429/,
    cause: 'the account has asked too often, and AWS did not recover within the tries of the plugin',
    next: `wait some minutes, then ${again}`,
  },
  {
    says: /exceeded maximum number of attempts|StatusCode: 5\d\d|InternalError|ServiceUnavailable/,
    cause: 'AWS itself fails, and did not recover within the tries of the plugin',
    next: `see https://health.aws.amazon.com, then ${again}`,
  },
  {
    says: /request send failed|connection (reset|refused)|ECONNRESET|socket hang up|no such host|i\/o timeout/i,
    cause: 'AWS can not be reached, or the connection broke',
    next: `see whether the region's endpoint answers from here, then ${again}`,
  },
];
