import { type Machine, metadataValue } from '../model/machine.ts';

/** How the instances of one template stand over the values of one metadata key (`Spread=`). */
export class Spreading {
  /** By machine: the number of its value, -1 where the machine does not have the key. */
  readonly #valueOf: Int32Array;
  readonly #counts: Int32Array;

  constructor(machines: readonly Machine[], key: string) {
    const numbers = new Map<string, number>();
    this.#valueOf = Int32Array.from(machines, ({ metadata }) => {
      const value = metadataValue(metadata, key);
      if (value === undefined) return -1;
      const number = numbers.get(value) ?? numbers.size;
      numbers.set(value, number);
      return number;
    });
    this.#counts = new Int32Array(numbers.size);
  }

  bump(machine: number, by: 1 | -1): void {
    const value = this.#valueOf[machine] ?? -1;
    if (value >= 0) this.#counts[value] = (this.#counts[value] ?? 0) + by;
  }

  /** Instances on all machines that share this one's value. A machine without the key is the last resort. */
  countAt(machine: number): number {
    const value = this.#valueOf[machine] ?? -1;
    return value < 0 ? Number.POSITIVE_INFINITY : (this.#counts[value] ?? 0);
  }

  sameValue(one: number, other: number): boolean {
    return this.#valueOf[one] === this.#valueOf[other];
  }
}
