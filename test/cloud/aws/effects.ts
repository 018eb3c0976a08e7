import type { Effect } from '../faults.ts';

/** What AWS answers when things are not as they should be (EC2's API reference, "Error codes"). */
export const effects = {
  throttled: { answer: 503, code: 'RequestLimitExceeded', message: 'Request limit exceeded.' },
  throttledFor: {
    answer: 429,
    code: 'ThrottlingException',
    message: 'Rate exceeded',
    headers: { 'retry-after': '1' },
  },
  badGateway: { answer: 502, bare: true },
  serverError: { answer: 500, code: 'InternalError', message: 'An internal error has occurred' },
  unavailable: {
    answer: 503,
    code: 'Unavailable',
    message: 'The service is unavailable. Please try again shortly.',
  },
  quota: {
    answer: 400,
    code: 'VcpuLimitExceeded',
    message: 'You have requested more vCPU capacity than your current vCPU limit of 32 allows',
  },
  instanceQuota: {
    answer: 400,
    code: 'InstanceLimitExceeded',
    message: 'Your quota allows for 0 more running instance(s).',
  },
  // With this status, though there is no use in trying again.
  capacity: {
    answer: 500,
    code: 'InsufficientInstanceCapacity',
    message: 'We currently do not have sufficient capacity in the Availability Zone you requested',
  },
  instanceNotThereYet: {
    answer: 400,
    code: 'InvalidInstanceID.NotFound',
    message: 'The instance ID does not exist',
  },
  unsupported: {
    answer: 400,
    code: 'Unsupported',
    message:
      'Your requested instance type (t3.micro) is not supported in your requested Availability Zone (eu-central-1a).',
  },
  imageGone: {
    answer: 400,
    code: 'InvalidAMIID.NotFound',
    message: "The image id '[ami-0deb1a13000000064]' does not exist",
  },
  vpcQuota: {
    answer: 400,
    code: 'VpcLimitExceeded',
    message: 'The maximum number of VPCs has been reached.',
  },
  gatewayQuota: {
    answer: 400,
    code: 'InternetGatewayLimitExceeded',
    message: 'The maximum number of internet gateways has been reached.',
  },
  ruleQuota: {
    answer: 400,
    code: 'RulesPerSecurityGroupLimitExceeded',
    message: 'The maximum number of rules per security group has been reached.',
  },
  balancerQuota: {
    answer: 400,
    code: 'TooManyLoadBalancers',
    message: 'The maximum number of load balancers has been reached',
  },
  balancerNameTaken: {
    answer: 400,
    code: 'DuplicateLoadBalancerName',
    message: 'A load balancer with the same name exists, but with different settings',
  },
  subnetConflict: {
    answer: 400,
    code: 'InvalidSubnet.Conflict',
    message: "The CIDR '10.77.0.0/19' conflicts with another subnet",
  },
  noSuchParameter: { answer: 400, code: 'ParameterNotFound', message: 'Parameter not found.' },
  expired: { answer: 400, code: 'RequestExpired', message: 'Request has expired.' },
  wrongCredentials: {
    answer: 401,
    code: 'AuthFailure',
    message: 'AWS was not able to validate the provided access credentials',
  },
  optIn: {
    answer: 401,
    code: 'OptInRequired',
    message: 'In order to use this AWS Marketplace product you need to accept terms and subscribe.',
  },
  inUse: { answer: 400, code: 'DependencyViolation', message: 'resource has a dependent object' },
  unauthorized: {
    answer: 403,
    code: 'UnauthorizedOperation',
    message: 'You are not authorized to perform this operation.',
  },
  cutBefore: { cut: 'before' },
  cutAfter: { cut: 'after' },
} satisfies Readonly<Record<string, Effect>>;
