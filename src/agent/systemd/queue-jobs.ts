import { messageOf } from '../../model/message-of.ts';
import type { Manager } from './manager.ts';
import { inWaves } from './start-order.ts';
import { UnitFailures } from './systemd.ts';

/** The units in the order in which their start jobs are to be queued, as systemd knows it. */
export async function startOrder(manager: Manager, names: readonly string[]): Promise<string[][]> {
  if (names.length < 2) return [[...names]];
  // Whatever is wrong with a unit, its job will say.
  const orderOf = (name: string) => manager.orderOf(name).catch(() => ({ after: [], before: [] }));
  const orders = names.map(async (name) => [name, await orderOf(name)] as const);
  return inWaves(new Map(await Promise.all(orders)));
}

/**
 * Does it to all units of a wave at once, goes on to the next when the jobs of all are queued, or have failed, and in
 * the end says of each that failed why. `act` may tell by `queued` that its job is, before it has ended.
 */
export async function queueJobs(
  { lost }: Manager,
  waves: readonly (readonly string[])[],
  act: (name: string, queued: () => void) => Promise<void>,
): Promise<void> {
  const failures = new Map<string, string>();
  const ended: Promise<void>[] = [];
  for (const wave of waves) {
    const queued = wave.map(
      (name) =>
        new Promise<void>((resolve) => {
          const end = act(name, resolve).catch((error: unknown) => void failures.set(name, messageOf(error)));
          ended.push(end.finally(resolve));
        }),
    );
    await Promise.all(queued);
  }
  await Promise.all(ended);
  lost.throwIfAborted();
  if (failures.size === 0) return;
  // Not as systemd happened to answer: the same failures are the same message.
  const inOrder = waves.flat().flatMap((name) => {
    const why = failures.get(name);
    return why === undefined ? [] : [[name, why] as const];
  });
  throw new UnitFailures(new Map(inOrder));
}
