import { createHash } from 'node:crypto';

/**
 * The key's blob from an OpenSSH public key line, `ssh-ed25519 AAAA… [comment]` (RFC 4253 section 6.6).
 * Only ed25519 is taken: it is the only kind the machines are given.
 *
 * @throws when the line is no ed25519 public key.
 */
export function publicKeyBlob(line: string): Buffer {
  const [type, base64 = ''] = line.trim().split(/\s+/);
  const blob = Buffer.from(base64, 'base64');
  if (type !== 'ssh-ed25519' || !isEd25519(blob)) {
    throw new Error(`Expected a public key like "ssh-ed25519 AAAA…", got "${line.trim().slice(0, 40)}".`);
  }
  return blob;
}

/** `SHA256:` and 43 characters, as `ssh-keygen -l` prints it. */
const fingerprintPattern = /^SHA256:[A-Za-z0-9+/]{43}$/;

/**
 * What a host key is pinned by: the fingerprint of a public key line, or a fingerprint itself.
 *
 * @throws when it is neither.
 */
export function pinOf(hostKey: string): string {
  return fingerprintPattern.test(hostKey.trim()) ? hostKey.trim() : fingerprint(publicKeyBlob(hostKey));
}

/** The line of a key that a server showed. */
export function publicKeyLine(blob: Buffer): string {
  return canonicalPublicKey(`ssh-ed25519 ${blob.toString('base64')}`);
}

/** The line without its comment, so that two spellings of one key compare equal. */
export function canonicalPublicKey(line: string): string {
  return `ssh-ed25519 ${publicKeyBlob(line).toString('base64')}`;
}

/** As `ssh-keygen -l` prints it: `SHA256:` and unpadded base64. */
export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** string "ssh-ed25519", string of 32 bytes; each string has a 4-byte length before it (RFC 8709 section 4). */
function isEd25519(blob: Buffer): boolean {
  return blob.length === 51 && blob.subarray(4, 15).toString('latin1') === 'ssh-ed25519';
}
