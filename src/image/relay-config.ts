import type { Descriptor } from './image.ts';

/**
 * What a relay is told. No schema reads it: it reaches the machine inside of the program's own text, and a parser
 * would be most of what is sent there.
 */
export interface RelayConfig {
  /** The machine's name: with it the relay logs in. */
  readonly machine: string;
  /** Port on the machine's 127.0.0.1 that leads to the computer of whoever pushes. */
  readonly home: number;
  /** Password of this push. */
  readonly secret: string;
  /** Key of this push between machines: 32 bytes in hexadecimal. */
  readonly key: string;
  readonly repository: string;
  readonly tag: string;
  readonly manifest: Descriptor & {
    /** Base64. */
    readonly contents: string;
  };
  readonly blobs: readonly Descriptor[];
  /** Of the machine that others get blobs from: the folder for them, the image's name, its address on the cluster's network. */
  readonly seed?: { readonly cache: string; readonly name: string; readonly address: string };
  /** Where the seed answers; not of the seed itself. */
  readonly peer?: { readonly address: string; readonly port: number };
}

/** A relay asks for this at home and keeps the answer open: when that ends, so does the relay. */
export const homePath = '/relay';
