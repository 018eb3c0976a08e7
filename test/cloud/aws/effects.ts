import type { Effect } from '../faults.ts';

/** What AWS answers when things are not as they should be (EC2's API reference, "Error codes"). */
export const effects = {
  throttled: { answer: 503, code: 'RequestLimitExceeded', message: 'Request limit exceeded.' },
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
  inUse: { answer: 400, code: 'DependencyViolation', message: 'resource has a dependent object' },
  unauthorized: {
    answer: 403,
    code: 'UnauthorizedOperation',
    message: 'You are not authorized to perform this operation.',
  },
  cutBefore: { cut: 'before' },
  cutAfter: { cut: 'after' },
} satisfies Readonly<Record<string, Effect>>;
