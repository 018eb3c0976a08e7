import type { ApiOptions } from './api.ts';

/** An API in which everything takes milliseconds and nobody asks too often, for tests. */
export const quick = {
  delays: { boot: 2, action: 2, destroy: 2, network: 2, death: 2 },
  limits: { hour: 1_000_000, minute: 1_000_000 },
} satisfies ApiOptions;
