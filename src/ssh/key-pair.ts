import { generateKeyPairSync, randomBytes } from 'node:crypto';

export interface SshKeyPair {
  /** OpenSSH private key, PEM, without a passphrase. A secret. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA… comment` */
  readonly publicKey: string;
}

/**
 * A new ed25519 key pair: a user's, or a machine's one-time host key. Written out here because ssh2's own
 * `generateKeyPairSync` (1.17) makes an unreadable file once in some two hundred times.
 *
 * @param comment on one line; `ssh-keygen -l` shows it.
 */
export function generateSshKey(comment: string): SshKeyPair {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
  const seed = Buffer.from(d, 'base64url');
  const point = Buffer.from(x, 'base64url');
  const publicBlob = Buffer.concat([string('ssh-ed25519'), string(point)]);
  return {
    privateKey: pem(Buffer.concat([header, string(publicBlob), string(secretPart(seed, point, comment))])),
    publicKey: `ssh-ed25519 ${publicBlob.toString('base64')} ${comment}`.trim(),
  };
}

/** OpenSSH's PROTOCOL.key: magic, cipher, key derivation, its options, number of keys. */
const header = Buffer.concat([
  Buffer.from('openssh-key-v1\0'),
  string('none'),
  string('none'),
  string(''),
  uint32(1),
]);

/** Two equal check numbers, the key, its comment, and 1, 2, 3, … up to a multiple of the cipher's block, 8. */
function secretPart(seed: Buffer, point: Buffer, comment: string): Buffer {
  const check = randomBytes(4);
  const key = [string('ssh-ed25519'), string(point), string(Buffer.concat([seed, point])), string(comment)];
  const body = Buffer.concat([check, check, ...key]);
  const padding = Array.from({ length: (8 - (body.length % 8)) % 8 }, (_, i) => i + 1);
  return Buffer.concat([body, Buffer.from(padding)]);
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join(
    '\n',
  );
}

function string(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
