import * as z from 'zod';
import { retry } from '../../plugin/wait.ts';
import { isGone, unlessGone } from './gone.ts';
import { autoName, type ResourceType } from './resource-type.ts';

const inputs = z.strictObject({ name: z.string(), publicKey: z.string() });

const Reply = z.object({
  ssh_key: z.object({ id: z.number(), name: z.string(), fingerprint: z.string(), public_key: z.string() }),
});

/** Seconds in which a new key must be seen. */
const createTimeout = 120;

export const sshKey: ResourceType<typeof inputs.shape> = {
  inputs,
  computed: ['fingerprint'],
  changes: { publicKey: (old, value) => String(old).trim() !== String(value).trim() },
  autoName,
  async create({ client, settings }, { name, publicKey: public_key }, made) {
    const reply = await client.call('POST', '/v2/account/keys', { name, public_key });
    const { id } = Reply.parse(reply).ssh_key;
    made(String(id));
    const look = async () => void (await client.call('GET', `/v2/account/keys/${id}`));
    await retry(look, isGone, createTimeout, settings);
  },
  async read({ client }, id, { publicKey: known }) {
    const reply = await unlessGone(client.call('GET', `/v2/account/keys/${id}`));
    if (reply === undefined) return undefined;
    const { name, fingerprint, public_key } = Reply.parse(reply).ssh_key;
    const same = typeof known === 'string' && known.trim() === public_key.trim();
    return { name, fingerprint, publicKey: same ? known : public_key };
  },
  async update({ client }, id, { name }) {
    await client.call('PUT', `/v2/account/keys/${id}`, { name });
  },
  async remove({ client }, id) {
    await client.call('DELETE', `/v2/account/keys/${id}`);
  },
};
