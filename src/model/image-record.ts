import * as z from 'zod';
import type { Immutable } from './immutable.ts';

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 lower-case hex digits');

/** An image that was pushed: by it machines know which one a name means, and ask each other for it. */
export const imageRecordSchema = z.object({
  /** What units call it: `app:1`. */
  name: z.string(),
  /** Of Go: `amd64`, `arm64`. A name may mean one image on each. */
  architecture: z.string().regex(/^[a-z0-9]+$/, 'expected a processor as Go calls it, such as amd64'),
  /** As Docker has it: the digest of its config. */
  id: digest,
  /** Its manifest, by which it is pulled. */
  manifest: z.object({
    mediaType: z.string().max(200),
    digest,
    size: z
      .int()
      .min(1)
      .max(4 * 2 ** 20),
  }),
  /** Ids that the name meant before, the newest first: their images go from machines that do not use them. */
  former: z.array(digest).max(20),
});

/** `/flotilla/images/<architecture>/<name>` */
export type ImageRecord = Immutable<z.infer<typeof imageRecordSchema>>;

/** What a machine says of the images that it keeps for others. */
export const imageKeeperSchema = z.object({
  machineId: z.string(),
  /** Its IPv4 address on the cluster network. */
  address: z.string(),
  /** Where it serves them; absent while it keeps none. */
  port: z.int().min(1).max(65_535).exactOptional(),
  /** Digests of the manifests of images that it keeps whole. */
  images: z.array(digest),
});

/** `/flotilla/keepers/<machine id>`, on the machine's lease. */
export type ImageKeeper = Immutable<z.infer<typeof imageKeeperSchema>>;
