import type { Readiness } from '../../model/flotilla-options.ts';
import type { UnitStatus } from '../../model/status.ts';
import { type Clock, sleep } from '../../store/clock.ts';
import type { UnitNeeds } from '../../unit/needs.ts';
import type { ManagedUnit } from '../systemd/systemd.ts';
import type { RunProbe } from './probe.ts';
import { afterLook, isLookedAt, notLookedAt, pauseAfter, type ReadyState } from './readiness.ts';

/** An active unit with a probe. */
export interface ProbedUnit {
  readonly name: string;
  readonly contents: string;
  readonly readiness: Readiness;
}

/** Active states of a unit that may answer its probe: one that reloads runs on. */
const up: ReadonlySet<string> = new Set(['active', 'reloading']);

/** Units that run and have a probe. */
export function probedOf(
  units: readonly ManagedUnit[],
  needsOf: (unit: string, contents: string) => UnitNeeds,
): ProbedUnit[] {
  return units.flatMap(({ name, contents, active }) => {
    const { readiness } = needsOf(name, contents).flotilla;
    return readiness && up.has(active) ? { name, contents, readiness } : [];
  });
}

export interface ProbesOptions {
  readonly clock: Clock;
  readonly runProbe: RunProbe;
  /** Called when a unit has become ready or unready, or is unready for another reason. */
  readonly onChange: () => void;
}

interface Probing {
  readonly contents: string;
  readonly stop: AbortController;
  state: ReadyState;
}

/** Looks at every active unit that has a probe, each at its own pace. */
export class Probes {
  readonly #options: ProbesOptions;
  readonly #probing = new Map<string, Probing>();

  constructor(options: ProbesOptions) {
    this.#options = options;
  }

  /** These are looked at from now on, and no others. One whose file changed begins anew. */
  follow(units: readonly ProbedUnit[]): void {
    const wanted = new Map(units.map((unit) => [unit.name, unit]));
    for (const [name, { contents, stop }] of this.#probing) {
      if (wanted.get(name)?.contents === contents) continue;
      stop.abort();
      this.#probing.delete(name);
    }
    for (const unit of units) if (!this.#probing.has(unit.name)) this.#begin(unit);
  }

  /** undefined for a unit that is not looked at. */
  readyOf(unit: string): UnitStatus['ready'] {
    return this.#probing.get(unit)?.state.told;
  }

  /** Whether it has been looked at since it is followed; true for one that is not followed. */
  isLookedAt(unit: string): boolean {
    const probing = this.#probing.get(unit);
    return probing === undefined || isLookedAt(probing.state);
  }

  #begin(unit: ProbedUnit): void {
    const { contents } = unit;
    const state = notLookedAt(this.#options.clock.now());
    const probing = { contents, state, stop: new AbortController() };
    this.#probing.set(unit.name, probing);
    void this.#keepLooking(unit, probing);
  }

  async #keepLooking({ name, contents, readiness }: ProbedUnit, probing: Probing): Promise<void> {
    const { clock, runProbe, onChange } = this.#options;
    const { probe, timeout } = readiness;
    const { signal } = probing.stop;
    while (!signal.aborted) {
      const found = await runProbe(probe, { unit: name, contents, timeout }, signal);
      if (signal.aborted) return;
      const { told } = probing.state;
      probing.state = afterLook(probing.state, found, clock.now());
      if (probing.state.told !== told) onChange();
      // systemd tells when a unit stops being active, and until then READY=1 can't be taken back.
      if (probe.kind === 'notify') return;
      await sleep(clock, pauseAfter(probing.state, readiness, clock.now()), signal);
    }
  }
}
