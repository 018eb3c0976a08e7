import * as z from 'zod';
import { operatingSystems } from '../model/operating-system.ts';
import { platformNames } from '../model/platform-name.ts';
import { proxyJumpSchema } from '../model/proxy-jump.ts';
import type { SshTarget } from '../ssh/connection.ts';

/** A machine as the program's resources describe it (`MachineAccess` in src/resources/machine.ts). */
export const machineAccess = z.object({
  name: z.string(),
  id: z.string(),
  address: z.string(),
  host: z.string(),
  port: z.number(),
  user: z.string(),
  hostKey: z.string(),
  /** The bastion that dials `host`, where there is one. */
  proxyJump: proxyJumpSchema.optional(),
  /** Where it comes from. States of earlier versions don't say. */
  platform: z.enum(platformNames).optional(),
  metadata: z.record(z.string(), z.string()),
  cpus: z.number(),
  memory: z.number(),
  /** Whether etcd runs there. States of earlier versions don't say. */
  etcd: z.boolean().default(false),
  /** What the machine runs. Earlier versions knew only one. */
  os: z.enum(operatingSystems).default('debian-13'),
});

export type MachineAccess = z.output<typeof machineAccess>;

export function sshTarget(machine: MachineAccess, privateKey: string): SshTarget {
  const { name, host, port, user, hostKey, proxyJump, platform } = machine;
  return { name, host, port, user, hostKey, privateKey, proxyJump, platform };
}
