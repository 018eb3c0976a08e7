import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';

/** The only algorithm that registries have to know, and Docker's own. */
export const digestPattern = /^sha256:[0-9a-f]{64}$/;

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Reads the stream to its end. */
export async function digestOfStream(stream: Readable): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}

/** The digits, which are a blob's name in folders. */
export function hexOf(digest: string): string {
  return digest.slice('sha256:'.length);
}

/** As Docker shows it: 12 digits. */
export function shortDigest(digest: string): string {
  return hexOf(digest).slice(0, 12);
}
