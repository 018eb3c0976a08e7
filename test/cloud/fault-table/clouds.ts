import { openAws } from './aws.ts';
import { awsRows } from './aws-rows.ts';
import type { FaultyCloud } from './cloud.ts';
import { openDigitalocean } from './digitalocean.ts';
import { digitaloceanRows } from './digitalocean-rows.ts';
import type { Row } from './row.ts';

/** A platform's cloud, and what may go wrong there. */
interface Entry {
  readonly open: () => Promise<FaultyCloud>;
  readonly rows: readonly Row[];
}

export const faultyClouds: Readonly<Record<string, Entry>> = {
  digitalocean: { open: openDigitalocean, rows: digitaloceanRows },
  aws: { open: openAws, rows: awsRows },
};
