import { Turns } from '../../model/turns.ts';
import type { Bus } from './bus.ts';

/**
 * Match rules of one kind that are made one by one; beyond it one rule takes all. dbus-daemon allows a connection 512
 * (`max_match_rules_per_connection` in dbus-daemon(1), the same for root). The agent has two kinds, of its units and of
 * their stops, and three rules besides.
 */
export const maxNarrowRules = 200;

export interface MatchRulesOptions {
  readonly bus: Pick<Bus, 'match' | 'unmatch'>;
  /** Takes the signals about one. */
  readonly narrow: (key: string) => string;
  /** Takes the signals about all, also about what nobody asked for. */
  readonly broad: string;
}

/** The match rules for a set that comes and goes: what is not in it wakes nobody, unless the set is large. */
export class MatchRules {
  readonly #options: MatchRulesOptions;
  readonly #keys = new Set<string>();
  /** Those that the bus has acknowledged. */
  readonly #rules = new Set<string>();
  /** Changes come one after the other, each for the set as it is then. */
  readonly #turns = new Turns();

  constructor(options: MatchRulesOptions) {
    this.#options = options;
  }

  /** When it returns, no signal about these is missed any more. */
  add(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#keys.add(key);
    return this.#turns.take(() => this.#apply());
  }

  remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#keys.delete(key);
    return this.#turns.take(() => this.#apply());
  }

  async #apply(): Promise<void> {
    const { bus } = this.#options;
    const wanted = this.#wanted();
    const come = [...wanted].filter((rule) => !this.#rules.has(rule));
    const go = [...this.#rules].filter((rule) => !wanted.has(rule));
    const match = async (rule: string) => {
      await bus.match(rule);
      this.#rules.add(rule);
    };
    const unmatch = async (rule: string) => {
      await bus.unmatch(rule);
      this.#rules.delete(rule);
    };
    // The new ones first: what two rules take is heard once, what none takes is missed.
    await Promise.all(come.map(match));
    await Promise.all(go.map(unmatch));
  }

  #wanted(): ReadonlySet<string> {
    const { narrow, broad } = this.#options;
    // A set that grows and shrinks by one at the limit does not change all its rules each time.
    const limit = this.#rules.has(broad) ? maxNarrowRules / 2 : maxNarrowRules;
    return new Set(this.#keys.size > limit ? [broad] : [...this.#keys].map(narrow));
  }
}
