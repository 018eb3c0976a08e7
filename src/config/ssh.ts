import * as z from 'zod';

/** What a machine that somebody owns already is reached by. */

const addressWords = 'an IP address or a name, like 10.0.0.5';

export const sshAddress = z
  .string({ error: addressWords })
  .regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$/, addressWords);

export const sshPort = z.int().min(1).max(65535).default(22).describe('Port of its SSH');

const userWords = 'a user name, like admin';

export const sshUser = z.string({ error: userWords }).regex(/^[a-z_][a-z0-9_-]{0,31}$/, userWords);

const hostKeyWords =
  'its ed25519 host key as a line of ssh_host_ed25519_key.pub, or the SHA256:… that `ssh-keygen -lf` prints of it';

export const sshHostKey = z
  .string({ error: hostKeyWords })
  .regex(/^(ssh-ed25519 AAAA[A-Za-z0-9+/]{64}( .*)?|SHA256:[A-Za-z0-9+/]{43})$/, hostKeyWords)
  .describe('The only host key that is accepted there: ssh-ed25519 AAAA…, or its fingerprint SHA256:…');

export const sshIdentityFile = z.string().regex(/^(~|)\/.+$/, 'a path that begins with / or ~/');
