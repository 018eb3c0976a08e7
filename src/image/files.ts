import type { Readable } from 'node:stream';
import type { Span } from './image.ts';

/** Where the files of images are: a folder or an archive, of which nothing but regular files is ever read. */
export interface Files {
  /** For messages: as the user wrote it. */
  readonly where: string;
  /** Bytes; undefined when there is no such regular file in it. */
  size(path: string): Promise<number | undefined>;
  open(path: string, span?: Span): Readable;
  /** Undefined where nobody looks, see `unread`. */
  digest(path: string): Promise<string | undefined>;
}

/** The same files, whose digests are taken for right: no more of them is read than documents. */
export function unread(files: Files): Files {
  return {
    where: files.where,
    size: (path) => files.size(path),
    open: (path, span) => files.open(path, span),
    digest: async () => undefined,
  };
}

/** Bytes of the largest JSON document that is read: what registries take as a manifest. */
export const documentLimit = 4 * 2 ** 20;

/** @returns undefined when there is no such file, or when it is larger than any such document. */
export async function readDocument(files: Files, path: string): Promise<Buffer | undefined> {
  const size = await files.size(path);
  if (size === undefined || size > documentLimit) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of files.open(path)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
