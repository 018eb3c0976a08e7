import * as z from 'zod';
import { InvalidInput, type Problem } from '../model/problem.ts';
import { targetStateSchema } from '../model/unit.ts';
import { unusable } from './cluster-args.ts';
import { explain } from './explain.ts';

const unitSchema = z.strictObject({
  contents: z.string(),
  targetState: targetStateSchema.optional(),
  instances: z.number().optional(),
});

const unitSetSchema = z.strictObject({
  folders: z.array(z.string().min(1)).default([]),
  units: z.record(z.string(), unitSchema).default({}),
});

/** A unit that the program writes itself. */
export interface UnitArgs {
  /** The unit file's text. */
  contents: string;
  /** What it shall be: `launched`, `loaded` or `inactive`. Default: `launched`. */
  targetState?: 'inactive' | 'loaded' | 'launched' | undefined;
  /** Of a template, `web@.service`, how many instances there are: web@1 to web@3. It has to be said of each. */
  instances?: number | undefined;
}

/** Which units a set has: those of folders, those of the program, or both. */
export interface UnitSources {
  /** Folders of unit files, each with its `units.yaml` where there is something to say; relative to the working directory. */
  folders?: string[] | undefined;
  /** Unit's or template's name, `web.service`, → its file. */
  units?: Record<string, UnitArgs> | undefined;
}

/** @throws InvalidInput with every problem there is. */
export function parseUnitSources(sources: UnitSources): z.output<typeof unitSetSchema> {
  const result = unitSetSchema.safeParse(sources, { reportInput: true });
  const problems = result.success
    ? nothingThere(result.data)
    : result.error.issues.flatMap((issue) => explain(issue, unitSetSchema));
  if (!result.success || problems.length > 0) throw new InvalidInput(unusable, problems);
  return result.data;
}

function nothingThere({ folders, units }: z.output<typeof unitSetSchema>): Problem[] {
  if (folders.length > 0 || Object.keys(units).length > 0) return [];
  const fix = "name folders: ['units/hello'], or units: { 'web.service': { contents: … } }";
  return [{ path: 'folders', problem: 'there are no units in the set', fix }];
}
