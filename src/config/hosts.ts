import * as z from 'zod';
import { sshAddress, sshHostKey, sshIdentityFile, sshPort, sshUser } from './ssh.ts';

/** `flotilla:hosts`: machines that somebody owns already. Nothing is created; what a machine needs is put there. */

export const dottedQuad = /^\d{1,3}(\.\d{1,3}){3}$/;

const hostSchema = z
  .strictObject({
    address: sshAddress.describe('Where its SSH answers, seen from your computer, or from the bastion'),
    port: sshPort,
    user: sshUser
      .default('root')
      .describe('Who logs in there the first time: root, or a user who may use sudo without a password'),
    hostKey: sshHostKey,
    clusterAddress: z
      .string()
      .regex(dottedQuad, 'an IPv4 address, like 10.0.0.5')
      .optional()
      .describe('Its own address at which the other machines reach it; left out, it is the address above'),
  })
  .describe('A machine that is there already');

export const hostsSchema = z
  .strictObject({
    identityFile: sshIdentityFile
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
