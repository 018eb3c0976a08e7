import type { Effect } from '../faults.ts';

/** What DigitalOcean answers when things are not as they should be. */
export const effects = {
  rateLimited: { answer: 429, headers: { 'retry-after': '1' } },
  serverError: { answer: 500 },
  unavailable: { answer: 503 },
  notThereYet: { answer: 404 },
  quota: { answer: 422, message: 'creating this/these droplet(s) will exceed your droplet limit' },
  capacity: { answer: 422, message: 'Size is currently unavailable in this region.' },
  unauthorized: { answer: 401 },
  cutBefore: { cut: 'before' },
  cutAfter: { cut: 'after' },
} satisfies Readonly<Record<string, Effect>>;
