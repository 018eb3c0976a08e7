import type { UnitNeeds } from '../../unit/needs.ts';

/** A unit that is about to be stopped, by its name, with what its file asks for. */
export type LeavingUnit = readonly [name: string, needs: UnitNeeds];

/**
 * Units whose services were taken back and that run on for a while: who read of them before, a proxy or a client, has
 * `DeregistrationDelay=` to hear that they are gone. One that nobody was told of has nobody to wait for.
 */
export class Deregistrations {
  /** By unit: when its time is over, on the agent's clock. */
  readonly #ends = new Map<string, number>();

  /**
   * @param leaving all units that are about to be stopped; what is known of others is forgotten
   * @param withdrawn those among them whose services were taken back just now
   */
  note(leaving: readonly LeavingUnit[], withdrawn: ReadonlySet<string>, now: number): void {
    const names = new Set(leaving.map(([name]) => name));
    for (const name of this.#ends.keys()) if (!names.has(name)) this.#ends.delete(name);
    for (const [name, { flotilla }] of leaving)
      if (withdrawn.has(name)) this.#ends.set(name, now + flotilla.deregistrationDelay * 1000);
  }

  /** Units that are not to be stopped yet, and until when. */
  pending(now: number): ReadonlyMap<string, number> {
    return new Map([...this.#ends].filter(([, end]) => end > now));
  }
}
