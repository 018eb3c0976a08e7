import * as z from 'zod';
import type { MachineConfig } from '../../cloud-config/machine-config.ts';

const configFile = z.object({ path: z.string(), contents: z.string(), mode: z.string() });

/** A machine config as it comes from the program. */
export const machineConfig: z.ZodType<MachineConfig> = z.object({
  hostname: z.string(),
  groups: z.array(z.string()),
  users: z.array(
    z.object({ name: z.string(), groups: z.array(z.string()), authorizedKeys: z.array(z.string()) }),
  ),
  sshHostKey: z.object({ privateKey: z.string(), publicKey: z.string() }),
  files: z.array(configFile),
  units: z.array(z.object({ name: z.string(), contents: z.string().exactOptional(), enabled: z.boolean() })),
  packages: z.array(z.string()),
});
