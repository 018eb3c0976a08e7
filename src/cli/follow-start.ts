import type { TargetState } from '../model/unit.ts';
import { alreadySettled, followUnits } from '../push/follow.ts';
import type { WantedUnit } from '../push/health.ts';
import { UnitsNotHealthy } from '../push/units-not-healthy.ts';
import { wantedUnit } from '../push/wanted.ts';
import type { Cluster } from './cluster.ts';
import type { Context } from './context.ts';
import { CommandFailed, failed, timedOut } from './failure.ts';
import { say } from './say.ts';

export interface FollowedUnit {
  readonly name: string;
  /** The cluster is asked for it when it is left out. */
  readonly contents?: string;
}

/**
 * Waits as `pulumi up` does until the units are healthy in their target state, on every machine that has them.
 * `changed` tells whether something was done to them just now, so that they must also stay healthy for a moment.
 *
 * @throws CommandFailed with status 1 when a unit failed, with its last journal lines; 3 when the time has passed.
 */
export async function followStart(
  context: Context,
  { api }: Cluster,
  units: readonly FollowedUnit[],
  { targetState, deadline, changed }: { targetState: TargetState; deadline: number; changed: boolean },
): Promise<void> {
  const wanted: WantedUnit[] = [];
  for (const { name, contents = (await api.unit(name)).contents } of units) {
    wanted.push(wantedUnit(name, contents, targetState));
  }
  const log = (line: string) => say(context, line);
  const { signal, clock } = context;
  try {
    await followUnits(
      api,
      { units: wanted, gone: [] },
      { log, signal, clock, deadline, ...(changed ? {} : { settle: alreadySettled }) },
    );
  } catch (cause) {
    if (!(cause instanceof UnitsNotHealthy)) throw cause;
    throw new CommandFailed(cause.message, cause.late ? timedOut : failed, { cause });
  }
}
