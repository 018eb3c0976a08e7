import * as z from 'zod';
import { platformNames } from '../../model/platform-name.ts';
import { proxyJumpSchema } from '../../model/proxy-jump.ts';
import { firstContact } from '../../ssh/first-contact.ts';
import type { ConnectionPool } from '../../ssh/pool.ts';
import type { ResourceHandler } from '../resource.ts';
import { recordedIdentity, recordIdentity } from './identity-record.ts';

const inputs = z.object({
  machine: z.string(),
  host: z.string(),
  port: z.number(),
  user: z.string(),
  proxyJump: proxyJumpSchema.optional(),
  platform: z.enum(platformNames).optional(),
  oneTimeHostKey: z.string(),
  /** Another one is another machine, even with the same name and user data. */
  incarnation: z.string(),
  privateKey: z.string(),
});

const outputs = z.object({ publicKey: z.string(), machineId: z.string() });

/** Seconds: SSH answers already, but a machine that boots among others may need a while for the handshake. */
const deadline = 120;

/** First contact with a machine; see src/ssh/first-contact.ts. */
export function hostKey(
  pool: ConnectionPool,
): ResourceHandler<z.output<typeof inputs>, z.output<typeof outputs>> {
  return {
    inputs,
    outputs,
    computed: ['publicKey', 'machineId'],
    // A machine that was met is known by its lasting key; what it was met by is of no use any more.
    changes: { oneTimeHostKey: 'ignore', incarnation: 'replace' },

    async create({ machine, host, port, user, oneTimeHostKey, privateKey, ...reach }, context) {
      const of = { stack: context.stack, machine, oneTimeHostKey };
      const recorded = await recordedIdentity(of);
      const { proxyJump, platform } = reach;
      const login = { user, privateKey, hostKey: oneTimeHostKey };
      const target = { name: machine, host, port, ...login, proxyJump, platform };
      const identity = await firstContact(target, {
        ...(recorded ? { recorded } : {}),
        record: (hostKey) => recordIdentity(of, { hostKey }),
        connect: (to, options) => pool.get(to, options),
        deadline,
        log: context.log,
        signal: context.signal,
      });
      return {
        id: identity.machineId,
        outputs: { publicKey: identity.hostKey, machineId: identity.machineId },
      };
    },
  };
}
