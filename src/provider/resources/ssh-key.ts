import { createHash } from 'node:crypto';
import * as z from 'zod';
import { generateSshKey } from '../../ssh/key-pair.ts';
import type { ResourceHandler } from '../resource.ts';

const inputs = z.object({ comment: z.string() });
const outputs = z.object({ privateKey: z.string(), publicKey: z.string() });

/** An ed25519 key pair that lives in the state, encrypted. */
export const sshKey: ResourceHandler<z.output<typeof inputs>, z.output<typeof outputs>> = {
  inputs,
  outputs,
  computed: ['privateKey', 'publicKey'],
  changes: { comment: 'ignore' },
  async create({ comment }) {
    const pair = generateSshKey(comment);
    return { id: createHash('sha256').update(pair.publicKey).digest('hex').slice(0, 16), outputs: pair };
  },
};
