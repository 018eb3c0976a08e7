import { Complaint } from './template-error.ts';
import type { Value } from './value.ts';

/** Variables that may be there at once. */
const most = 1000;

/** Variables by name, the inner one first. Which there are the parser has checked. */
export class Variables {
  readonly #stack: { readonly name: string; value: Value }[];

  /** @param root what $ stands for */
  constructor(root: Value) {
    this.#stack = [{ name: '$', value: root }];
  }

  get(name: string): Value {
    return this.#find(name)?.value;
  }

  /** @throws Complaint for so many that looking one up would take its time */
  declare(name: string, value: Value): void {
    if (this.#stack.length > most) {
      throw new Complaint(
        `more than ${most} variables`,
        'give a variable that is there another value: $x = 1',
      );
    }
    this.#stack.push({ name, value });
  }

  assign(name: string, value: Value): void {
    const found = this.#find(name);
    if (found) found.value = value;
  }

  /** What is declared in there is gone afterwards. */
  within<T>(run: () => T): T {
    const size = this.#stack.length;
    try {
      return run();
    } finally {
      this.#stack.length = size;
    }
  }

  #find(name: string) {
    return this.#stack.findLast((each) => each.name === name);
  }
}
