import { rebalance } from '../../scheduler/rebalance.ts';
import type { Decision, Snapshot } from '../../scheduler/snapshot.ts';
import { encodeRebalance, rebalanceKey } from '../../store/keys.ts';
import type { Operation } from '../../store/store.ts';
import type { Log } from '../log.ts';
import type { Draft, Look } from './draft.ts';

/** Milliseconds that a request waits for units to become ready before it is dropped. */
const patience = 600_000;

/** Moves of one step: it is one transaction with the request's new count, so that none is lost or done twice. */
const movesAtOnce = 500;

/** All moves that a rebalance would make, as if every unit were ready again right after its move. */
export function plannedRebalance(snapshot: Snapshot, maxMoves: number): Decision[] {
  const units = snapshot.units.map((unit) => {
    const { flotilla } = unit;
    const rollout = { ...flotilla.rollout, maxUnavailable: maxMoves };
    return { ...unit, flotilla: { ...flotilla, rollout } };
  });
  return rebalance({ ...snapshot, units, unready: new Set(), settling: new Set() }, maxMoves);
}

/**
 * Does what is left of a rebalance somebody asked for, in steps: as many moves at a time as the templates can spare
 * instances. The request counts down in the transaction that moves, so a new leader goes on where the old one was.
 */
export class Rebalancing {
  readonly #log: Log;
  /** Since when the request found units that it may not move yet, on the engine's clock. */
  #waitingSince: number | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** What has to be decided anyway comes first, and what is uncertain: after that the cluster looks different. */
  add(draft: Draft, { cluster: { rebalance: asked }, snapshot, now }: Look): Draft {
    if (asked === undefined) this.#waitingSince = undefined;
    const uncertain = snapshot.units.some(({ name }) => snapshot.untouchable.has(name));
    if (asked === undefined || draft.decisions.length > 0 || uncertain) return draft;
    const moves = rebalance(snapshot, Math.min(asked.maxMoves, movesAtOnce));
    const left = asked.maxMoves - moves.filter(({ type }) => type === 'remove').length;
    if (moves.length > 0) {
      this.#waitingSince = undefined;
      return { ...draft, decisions: moves, operations: [...draft.operations, countDown(left)] };
    }
    if (plannedRebalance(snapshot, asked.maxMoves).length === 0) return this.#end(draft, 'no more to move');
    this.#waitingSince ??= now;
    const end = this.#waitingSince + patience;
    if (now >= end) return this.#end(draft, `units were not ready for ${patience / 1000} s`);
    return { ...draft, until: Math.min(draft.until, end) };
  }

  #end(draft: Draft, why: string): Draft {
    this.#log(`the rebalance has ended: ${why}`);
    return { ...draft, operations: [...draft.operations, { delete: rebalanceKey }] };
  }
}

function countDown(left: number): Operation {
  if (left <= 0) return { delete: rebalanceKey };
  return { put: rebalanceKey, value: encodeRebalance({ maxMoves: left }) };
}
