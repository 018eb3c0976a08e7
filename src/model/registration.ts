import * as z from 'zod';
import type { Immutable } from './immutable.ts';

export const registrationSchema = z.object({
  /** The name in the unit's `Service=`. */
  service: z.string(),
  unit: z.string(),
  machineId: z.string(),
  /** The machine's name. */
  machine: z.string(),
  /** The machine's IPv4 address on the cluster network. */
  address: z.string(),
  port: z.int().min(1).max(65_535),
  /** The unit's `ServiceKey=`, under which etcd has `address:port` as well. */
  key: z.string().exactOptional(),
});

/** A ready unit that offers a service: `/flotilla/services/<machine id>/<service>/<unit>`. */
export type Registration = Immutable<z.infer<typeof registrationSchema>>;
