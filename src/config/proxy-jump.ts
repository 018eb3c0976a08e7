import * as z from 'zod';
import { sshAddress, sshHostKey, sshIdentityFile, sshPort, sshUser } from './ssh.ts';

/** `flotilla:proxyJump`: the bastion through which all SSH to the machines goes. */
export const proxyJumpSettings = z
  .strictObject({
    address: sshAddress.describe('Where its SSH answers, seen from your computer'),
    port: sshPort,
    user: sshUser.describe('Who logs in there; needs no rights but to forward TCP'),
    hostKey: sshHostKey,
    identityFile: sshIdentityFile
      .optional()
      .describe('Your private key for it; left out, the keys of your ssh-agent are used'),
  })
  .describe('A bastion: all SSH to the machines goes through it');
