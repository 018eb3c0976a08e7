import * as z from 'zod';

/** The bastion through which machines are reached (ProxyJump of ssh_config(5)), as resources and outputs hold it. */
export const proxyJumpSchema = z.object({
  address: z.string(),
  port: z.number(),
  user: z.string(),
  /** The only host key that is accepted, as `ssh-ed25519 AAAA…` or as its fingerprint, `SHA256:…`. */
  hostKey: z.string(),
  /** Path of the operator's private key for it, never the key; left out, the keys of the operator's ssh-agent log in. */
  identityFile: z.string().optional(),
  /** Whether it is one of the cluster's machines: who may log in on the others may do so there. */
  inCluster: z.boolean(),
});

export type ProxyJump = Readonly<z.output<typeof proxyJumpSchema>>;

/** For messages. */
export function bastionName({ address, port }: Pick<ProxyJump, 'address' | 'port'>): string {
  return `the bastion ${address}:${port}`;
}
