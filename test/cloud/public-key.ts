/** A public key that nobody has the private one of: 32 bytes of 1. */
export const publicKey = `ssh-ed25519 ${Buffer.concat([
  lengthPrefixed(Buffer.from('ssh-ed25519')),
  lengthPrefixed(Buffer.alloc(32, 1)),
]).toString('base64')} test`;

function lengthPrefixed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
