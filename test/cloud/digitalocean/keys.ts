import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type Call, created, demand, found, noContent, ok, page, type Routes, read } from './answer.ts';
import type { Cloud } from './cloud.ts';
import type { Key } from './inventory.ts';

const Create = z.object({ name: z.string().min(1), public_key: z.string() });
const Update = z.object({ name: z.string().min(1) });

export function keyRoutes(cloud: Cloud): Routes {
  const { keys } = cloud.inventory;
  const asked = ({ params }: Call) => found(findKey(cloud, params.key ?? ''));
  return {
    'GET /v2/account/keys': (call) => page(call, 'ssh_keys', [...keys.values()]),
    'POST /v2/account/keys': ({ body }) => {
      const { name, public_key } = read(Create, body);
      const fingerprint = fingerprintOf(public_key);
      demand(!findKey(cloud, fingerprint), 'SSH Key is already in use on your account');
      const key: Key = { id: cloud.number(), name, public_key, fingerprint };
      keys.set(key.id, key);
      cloud.trace.add({ kind: 'created', type: 'key', name, id: String(key.id) });
      return created({ ssh_key: key });
    },
    'GET /v2/account/keys/:key': (call) => ok({ ssh_key: asked(call) }),
    'PUT /v2/account/keys/:key': (call) => {
      const key = { ...asked(call), ...read(Update, call.body) };
      keys.set(key.id, key);
      return ok({ ssh_key: key });
    },
    'DELETE /v2/account/keys/:key': (call) => {
      const { id, name } = asked(call);
      keys.delete(id);
      cloud.trace.add({ kind: 'deleted', type: 'key', name, id: String(id) });
      return noContent;
    },
  };
}

/** By id or fingerprint. */
export function findKey({ inventory }: Cloud, name: string | number): Key | undefined {
  return [...inventory.keys.values()].find((key) => key.id === Number(name) || key.fingerprint === name);
}

/** What ssh-keygen prints with `-E md5`, of a line as it stands in `authorized_keys`. */
function fingerprintOf(line: string): string {
  const [type = '', base64 = ''] = line.trim().split(/\s+/);
  const blob = Buffer.from(base64, 'base64');
  // RFC 4253, 6.6: the blob begins with the type's length and the type.
  const inner = blob.length > 4 ? blob.subarray(4, 4 + blob.readUInt32BE(0)).toString('latin1') : '';
  demand(type !== '' && type === inner, 'Key invalid, key should be of the format `type key [comment]`');
  const hash = createHash('md5').update(blob).digest('hex');
  return (hash.match(/../g) ?? []).join(':');
}
