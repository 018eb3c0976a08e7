import type { Departure } from '../../model/api.ts';
import type { AgentApi } from '../../push/api.ts';
import type { LeavingMachine } from '../../push/leave.ts';
import { firstThree } from '../../push/progress.ts';
import type { Context } from '../resource.ts';

/**
 * Says what becomes of the units of machines that are to leave. A cluster that can't say so is none that a preview has to
 * fail for: `up` empties the machines all the same.
 */
export async function previewLeave(
  api: Pick<AgentApi, 'departures'>,
  leaving: readonly LeavingMachine[],
  { log, signal }: Pick<Context, 'log' | 'signal'>,
): Promise<void> {
  if (leaving.length === 0) return;
  const asked = api.departures(leaving.map(({ id }) => id));
  const departures = await asked.then(
    (reply) => reply.departures,
    () => undefined,
  );
  signal.throwIfAborted();
  for (const { id, name } of leaving) {
    const own = departures?.filter(({ machineId }) => machineId === id);
    log(`${name} leaves: ${own ? sayDepartures(own) : unknown}`);
  }
}

const unknown = 'its units go to other machines first';

/** The same when some machines are still to come, to which units may go: nobody can be asked yet. */
export function sketchLeave(
  leaving: readonly LeavingMachine[],
  { machines }: { readonly machines: readonly { readonly name: string }[] },
  log: Context['log'],
): void {
  const names = new Set(machines.map(({ name }) => name));
  for (const { name } of leaving)
    log(
      names.has(name)
        ? `${name} is replaced: when the new one is there, the units of the old one go to other machines, and then it goes`
        : `${name} leaves: ${unknown}`,
    );
}

/** Global units are every machine's own: nobody misses them. */
function sayDepartures(departures: readonly Departure[]): string {
  const moving = departures.filter(({ outcome }) => outcome === 'moves' || outcome === 'waits');
  const staying = departures.filter(({ outcome }) => outcome === 'stays');
  const [first] = moving;
  const clauses = [
    ...(first && moving.length === 1 ? [`${first.unit} moves`] : []),
    ...(first && moving.length > 1 ? [`${moving.length} units move (${names(moving)})`] : []),
    ...staying.map(({ unit, reason }) => `${unit} ends, since no other machine takes it (${reason})`),
  ];
  return clauses.length === 0 ? 'no unit has to move' : firstThree(clauses);
}

function names(departures: readonly Departure[]): string {
  return firstThree(departures.map(({ unit }) => unit)).replaceAll(';', ',');
}
