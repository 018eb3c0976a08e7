import type { FileState } from '../template/sync-plan.ts';

/** Who a file shall belong to: names or numbers, and who runs this where one is left out. */
export interface Ownership {
  readonly owner: string | number | undefined;
  readonly group: string | number | undefined;
}

export interface CommandEnd {
  /** Exit status; undefined when it was ended for taking too long. */
  readonly status: number | undefined;
  /** Standard output and error together, the last 64 KiB. */
  readonly output: string;
}

/** The machine that a template's file is for, as far as keeping the file takes. */
export interface Host {
  /** Undefined when there is no such file. */
  read(path: string): Promise<FileState | undefined>;
  /** Numbers of an owner and a group. Rejects with what is unknown. */
  resolve(ownership: Ownership): Promise<{ uid: number; gid: number }>;
  /** Writes a file beside `dest` that nobody looks at yet, and returns its path. */
  stage(dest: string, file: FileState): Promise<string>;
  /** Puts a staged file in place of `dest`, at once for whoever reads it; where `dest` is a mount, by writing into it. */
  replace(staged: string, dest: string): Promise<void>;
  discard(staged: string): Promise<void>;
  /** Runs a shell command, and ends it with all that it started after `timeout` seconds. */
  run(command: string, timeout: number): Promise<CommandEnd>;
}
