import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { types } from 'node:util';
import tar, { type Header } from 'tar-stream';
import * as z from 'zod';

/** An entry of a tar file. */
export interface Entry {
  /** `usr/bin/env`, whatever it begins and ends with in the file; empty for the root. */
  readonly path: string;
  readonly header: Header;
  /** Has to be read to its end, or `skip`ped. */
  readonly contents: AsyncIterable<Uint8Array>;
}

/**
 * Reads a tar file from end to end, one entry after the other.
 *
 * @throws Error when it is no tar file, or is cut off
 */
export async function* readEntries(file: Readable): AsyncGenerator<Entry, void> {
  const extract = tar.extract();
  // What fails ends the iteration below with the same error.
  pipeline(file, extract).catch(() => {});
  for await (const entry of extract)
    yield { path: plainPath(entry.header.name), header: entry.header, contents: bytesOf(entry) };
}

/** tar-stream's streams are not typed by what they carry. */
export async function* bytesOf(stream: AsyncIterable<unknown>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of stream) if (types.isUint8Array(chunk)) yield chunk;
}

export async function skip({ contents }: Entry): Promise<void> {
  for await (const _ of contents);
}

function plainPath(name: string): string {
  return name
    .replace(/^(\.?\/)+/, '')
    .replace(/\/+$/, '')
    .replace(/^\.$/, '');
}

/** What tells an entry from another one, but for its time. Reads the contents. */
export async function fingerprint({ header, contents }: Entry): Promise<string> {
  const { type, mode, uid, gid, linkname, devmajor, devminor } = header;
  const about = [type, mode, uid, gid, linkname ?? '', devmajor ?? 0, devminor ?? 0, attributesOf(header)];
  const hash = createHash('sha256').update(JSON.stringify(about));
  for await (const chunk of contents) hash.update(chunk);
  return hash.digest('hex');
}

const paxSchema = z.record(z.string(), z.string()).catch({});

/**
 * Extended attributes, sorted; file capabilities among them.
 *
 * @throws Error for one that tar-stream could not read, since it takes all values for text
 */
export function attributesOf({ name, pax }: Pick<Header, 'pax'> & Partial<Header>): Record<string, string> {
  const kept = Object.entries(paxSchema.parse(pax ?? {})).filter(([key]) => key.startsWith('SCHILY.xattr.'));
  const [lost] = kept.find(([, value]) => value.includes('\ufffd')) ?? [];
  if (lost !== undefined)
    throw new Error(
      `${name} has ${lost.slice('SCHILY.xattr.'.length)}, which can't be kept in an image; leave its package out`,
    );
  return Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `a`, `a/b` of `a/b/c`. */
export function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
