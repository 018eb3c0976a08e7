import { isMoving } from '../../src/model/rollout.ts';
import { Violation } from './finding.ts';
import { chosenPrefix } from './plan.ts';
import type { World } from './world.ts';

/** Seconds that everything gets to come to rest: longer than any grace period for missing machines. */
const settleTime = 90;

/** Seconds without a decision and without anything done that count as rest. */
const quietTime = 60;

/** Seconds without anything done after which a rollout must have ended, or wait for somebody: more than its deadline. */
const rolloutTime = 330;

/** Seconds after which a cluster without faults must have come to rest. */
const patience = 1800;

/**
 * Waits until nobody does anything any more.
 * @throws {Violation} when that does not come, or what was asked for is not there then.
 */
export async function comesToRest(world: World): Promise<void> {
  const up = world.hosts.filter(({ on }) => on);
  if (up.length === 0) return;
  const began = world.clock.now();
  for (await world.pass(settleTime); busyFor(world) > 0; await world.pass(busyFor(world))) {
    const waited = (world.clock.now() - began) / 1000;
    if (waited > patience) {
      throw new Violation(comesToRest.name, `still busy ${waited} s after the last fault`);
    }
  }
  const machines = await Promise.all(
    up.map(async ({ machine: { id, name }, systemd }) => ({ id, name, units: await systemd.list() })),
  );
  const { keys } = world.cluster.list(chosenPrefix);
  const chosen = new Map(keys.map(({ key, value }) => [key, value]));
  world.inspector.checkRest({ cluster: world.state(), machines, chosen });
}

/** Seconds after which it may have come to rest. */
function busyFor(world: World): number {
  const { quietFor, history } = world.inspector;
  const quiet = Math.min(quietFor, history.decidedFor);
  const rolling = world.state().rollouts.some(isMoving);
  return rolling && quiet < rolloutTime ? quietTime : Math.max(0, quietTime - quiet);
}
