import {
  DeleteKeyPairCommand,
  DescribeKeyPairsCommand,
  ImportKeyPairCommand,
  type KeyPairInfo,
} from '@aws-sdk/client-ec2';
import * as z from 'zod';
import { awsType } from './aws-type.ts';
import { doing, unlessGone } from './failure.ts';
import { arnOf, required } from './read.ts';
import type { Session } from './session.ts';
import { retag, tagged, tagOutputs, tagSpecifications } from './tags.ts';

const inputs = z.strictObject({ ...tagged, keyName: z.string(), publicKey: z.string() });

const gone = 'InvalidKeyPair.NotFound';

export const keyPair = awsType<typeof inputs.shape>({
  inputs,
  computed: ['arn', 'fingerprint', 'keyNamePrefix', 'keyPairId', 'keyType', 'tagsAll'],
  changes: {
    region: 'replace',
    keyName: 'replace',
    publicKey: (old, value) => String(old).trim() !== String(value).trim(),
  },
  autoName: { property: 'keyName', longest: 255 },
  async create({ ec2 }, { keyName, publicKey, tags }, made) {
    const command = new ImportKeyPairCommand({
      KeyName: keyName,
      PublicKeyMaterial: Buffer.from(publicKey),
      TagSpecifications: tagSpecifications('key-pair', tags),
    });
    const reply = await doing(`importing EC2 Key Pair (${keyName})`, ec2.send(command));
    made(required(reply.KeyName, 'KeyName'));
  },
  async read(session, id) {
    const found = await find(session, id);
    if (!found) return undefined;
    return {
      ...tagOutputs(found.Tags),
      arn: arnOf(session.settings, undefined, `key-pair/${id}`),
      keyName: found.KeyName,
      keyNamePrefix: '',
      keyPairId: found.KeyPairId,
      keyType: found.KeyType,
      fingerprint: found.KeyFingerprint,
    };
  },
  async update(session, id, { tags }, old) {
    const found = required(await find(session, id), 'KeyPair');
    await retag(session.ec2, required(found.KeyPairId, 'KeyPairId'), tags, old.tags);
  },
  async remove({ ec2 }, id) {
    await doing(
      `deleting EC2 Key Pair (${id})`,
      unlessGone(ec2.send(new DeleteKeyPairCommand({ KeyName: id })), gone),
    );
  },
});

async function find({ ec2 }: Session, name: string): Promise<KeyPairInfo | undefined> {
  const reply = ec2.send(new DescribeKeyPairsCommand({ KeyNames: [name] }));
  return (await unlessGone(reply, gone))?.KeyPairs?.[0];
}
