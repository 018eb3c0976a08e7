import * as z from 'zod';
import type { Immutable } from './immutable.ts';

/**
 * What the user wants of a unit (fleet's words): `loaded` = the file is on the machine and systemd knows it;
 * `launched` = it is started as well; `inactive` = the cluster keeps the unit but no machine has it.
 */
export const targetStates = ['inactive', 'loaded', 'launched'] as const;
export type TargetState = (typeof targetStates)[number];
export const targetStateSchema = z.enum(targetStates);

/** A unit file as the user wrote it. `contents` is UTF-8 text. */
export interface UnitFile {
  /** With its type suffix: `hello@1.service`. */
  readonly name: string;
  readonly contents: string;
}

export const unitSchema = z.object({
  name: z.string(),
  /** sha256 of the unit file's bytes, lower-case hex; the file is under `/flotilla/files/<hash>`. */
  hash: z.string(),
  targetState: targetStateSchema,
});

/** A unit the cluster is asked to run: `/flotilla/units/<name>`. Templates are expanded before this. */
export type Unit = Immutable<z.infer<typeof unitSchema>>;
