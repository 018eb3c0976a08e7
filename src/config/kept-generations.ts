import * as z from 'zod';
import { InvalidInput } from '../model/problem.ts';
import type { ClusterSpec } from './schema.ts';

/**
 * Names the variable in which whoever starts Pulumi says which machines keep their generation in this run, since another
 * one of their group has its turn. `{"worker-2": 1}`; `toolchain/turn.ts` works it out of the state.
 */
export const keptGenerationsVariable = 'FLOTILLA_KEPT_GENERATIONS';

const Kept = z.record(z.string(), z.int().min(1));

/** Machine's name → the generation that it stays in during this run; all others are in their group's. */
export type KeptGenerations = Readonly<Record<string, number>>;

/**
 * @throws InvalidInput when a group is to be replaced one machine at a time, and nobody has said whose turn it is: all of
 *   them at once is what the setting is there against.
 */
export function keptGenerations(
  { machines }: Pick<ClusterSpec, 'machines'>,
  environment: Readonly<Record<string, string | undefined>>,
): KeptGenerations {
  const groups = Object.entries(machines).filter(([, { surge }]) => surge !== undefined);
  const said = environment[keptGenerationsVariable];
  if (groups.length === 0) return {};
  if (said !== undefined) return Kept.parse(JSON.parse(said));
  throw new InvalidInput(
    'Whose turn it is cannot be known here:',
    groups.map(([group]) => ({
      path: `flotilla:machines.${group}.surge`,
      problem:
        'needs to know what an earlier run has replaced already, and Pulumi was not started by this clone',
      fix: 'run `npm run up`, or `npx pulumi` in the clone; without them, take surge out',
    })),
  );
}
