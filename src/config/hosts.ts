import { z } from 'zod';

/** `flotilla:hosts`: machines that somebody owns already. Nothing is created; what a machine needs is put there. */

export const dottedQuad = /^\d{1,3}(\.\d{1,3}){3}$/;

const hostSchema = z
  .strictObject({
    address: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, 'an IP address or a name, like 10.0.0.5')
      .describe('Where its SSH answers, seen from your computer'),
    port: z.int().min(1).max(65535).default(22).describe('Port of its SSH'),
    user: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'a user name, like admin')
      .default('root')
      .describe('Who logs in there the first time: root, or a user who may use sudo without a password'),
    hostKey: z
      .string()
      .regex(
        /^(ssh-ed25519 AAAA[A-Za-z0-9+/]{64}( .*)?|SHA256:[A-Za-z0-9+/]{43})$/,
        'its ed25519 host key as a line of ssh_host_ed25519_key.pub, or the SHA256:… that `ssh-keygen -lf` prints of it',
      )
      .describe('The only host key that is accepted there: ssh-ed25519 AAAA…, or its fingerprint SHA256:…'),
    clusterAddress: z
      .string()
      .regex(dottedQuad, 'an IPv4 address, like 10.0.0.5')
      .optional()
      .describe('Its own address at which the other machines reach it; left out, it is the address above'),
  })
  .describe('A machine that is there already');

export const hostsSchema = z
  .strictObject({
    identityFile: z
      .string()
      .regex(/^(~|)\/.+$/, 'a path that begins with / or ~/')
      .optional()
      .describe('Your private key for the first login; left out, the keys of your ssh-agent are used'),
    machines: z
      .record(z.string(), z.array(hostSchema))
      .describe('The hosts of each group of machines; of a longer list the first ones are used'),
  })
  .describe('Settings of the platform hosts');

export type HostSpec = z.output<typeof hostSchema>;

/** Where a host is on the cluster's network. */
export function clusterAddress(host: HostSpec): string {
  return host.clusterAddress ?? host.address;
}
