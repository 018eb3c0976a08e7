export interface PackageOptions {
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
  /** Where packages are kept; default in this user's cache. */
  readonly cache?: string;
  /** Roots of Debian's archive, asked in this order; default: those of the environment, then apt's own here. */
  readonly archives?: readonly string[];
  /** A downloader like apt's; default: that one, where there is one. Without one, Node's own HTTP. */
  readonly helper?: string;
  /** npm's program; default: the one on the PATH. */
  readonly npm?: string;
}

/** Where packages of a kind come from. */
export interface PackageSource {
  /** The file's name, in the cache as at its origin. */
  readonly file: string;
  /** Places that may have it, in the order in which they are asked; for messages too. */
  readonly places: readonly string[];
  /** Puts what a place has into a file. */
  fetch(place: string, file: string): Promise<void>;
  /** The program out of the package. `file` is for messages. */
  unpack(bytes: Buffer, program: string, file: string): Promise<Buffer>;
  /** What to do when none of them has it, but for putting the file into the cache. */
  readonly fix: string;
  /** Said where there is no place to ask. */
  readonly nowhere: string;
}
