import { createHash } from 'node:crypto';

/** A file with all that is kept in step: another owner or other bits make it another file. */
export interface FileState {
  readonly contents: string;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What is remembered of a resource between two runs, also over restarts. */
export interface SyncRecord {
  /** Hash of the file that was written last, or found in place. */
  readonly written: string;
  /** Hash of the file of which the last reload that went well was told. */
  readonly reloaded: string;
}

export interface SyncOptions {
  /** Look only: nothing is changed and no command runs. */
  readonly noop?: boolean;
  /** Write, but run neither check nor reload. */
  readonly syncOnly?: boolean;
}

/** One thing to do, and why. They are done in order, and none after one that failed. */
export interface SyncStep {
  readonly do: 'check' | 'write' | 'reload';
  readonly reason: string;
}

export interface SyncInput extends SyncOptions {
  readonly wanted: FileState;
  /** What is there now. */
  readonly present: FileState | undefined;
  readonly record: SyncRecord | undefined;
  readonly checks: boolean;
  readonly reloads: boolean;
}

/**
 * From what is wanted and what is there to what to do. A reload is due whenever the file in place is not the one that the
 * last good reload was told of: one that failed is due again, where confd forgot it.
 */
export function planSync({
  wanted,
  present,
  record,
  checks,
  reloads,
  noop,
  syncOnly,
}: SyncInput): SyncStep[] {
  const difference = differenceOf(wanted, present);
  const write = difference !== undefined;
  const unheard = record !== undefined && record.reloaded !== hashOf(wanted);
  const steps: (SyncStep | undefined)[] = [
    write && checks && !syncOnly ? { do: 'check', reason: 'it will be replaced' } : undefined,
    write ? { do: 'write', reason: difference } : undefined,
    reloads && !syncOnly && (write || unheard)
      ? { do: 'reload', reason: write ? 'it was replaced' : 'the last reload failed' }
      : undefined,
  ];
  return noop ? [] : steps.filter((step) => step !== undefined);
}

/** Undefined when both are the same file. */
export function differenceOf(wanted: FileState, present: FileState | undefined): string | undefined {
  if (present === undefined) return 'there is no such file';
  const differences = [
    wanted.contents === present.contents ? '' : 'its contents differ',
    wanted.mode === present.mode ? '' : `its mode is ${octal(present.mode)}, not ${octal(wanted.mode)}`,
    wanted.uid === present.uid ? '' : `its owner is ${present.uid}, not ${wanted.uid}`,
    wanted.gid === present.gid ? '' : `its group is ${present.gid}, not ${wanted.gid}`,
  ].filter((each) => each !== '');
  return differences.length === 0 ? undefined : differences.join(', ');
}

export function hashOf({ contents, mode, uid, gid }: FileState): string {
  return createHash('sha256').update(`${mode} ${uid} ${gid}\n${contents}`).digest('hex');
}

export function octal(mode: number): string {
  return `0${mode.toString(8)}`;
}
