import type { Effect } from '../faults.ts';

/** What DigitalOcean answers when things are not as they should be. */
export const effects = {
  rateLimited: { answer: 429, headers: { 'retry-after': '1' } },
  serverError: { answer: 500 },
  unavailable: { answer: 503 },
  badGateway: { answer: 502, bare: true },
  throttled: { answer: 429 },
  notThereYet: { answer: 404 },
  quota: { answer: 422, message: 'creating this/these droplet(s) will exceed your droplet limit' },
  capacity: { answer: 422, message: 'Size is currently unavailable in this region.' },
  imageGone: { answer: 422, message: 'You specified an invalid image for Droplet creation.' },
  vpcQuota: { answer: 422, message: 'You have reached the limit of VPCs for your account.' },
  balancerQuota: { answer: 422, message: 'You have reached the limit of load balancers for your account.' },
  nameTaken: { answer: 422, message: 'name is already in use' },
  unauthorized: { answer: 401 },
  forbidden: { answer: 403, message: 'You are not authorized to perform this operation' },
  cutBefore: { cut: 'before' },
  cutAfter: { cut: 'after' },
} satisfies Readonly<Record<string, Effect>>;
