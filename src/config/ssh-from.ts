import * as z from 'zod';

/**
 * `sshFrom` of a cloud. Where the world is to get in, somebody has to write 0.0.0.0/0 down: there is no default.
 *
 * @param source what may stand in the list
 */
export function sshFromSchema<Source extends z.ZodType<string>>(source: Source) {
  return z
    .array(source, {
      error:
        'a list of the addresses that may reach SSH, like [203.0.113.7/32]; `curl -4 https://icanhazip.com` says what ' +
        'yours is, seen from outside',
    })
    .min(1)
    .describe('Addresses and ranges that may reach the SSH of the machines; all others may not');
}
