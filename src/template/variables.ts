import type { Value } from './value.ts';

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

  declare(name: string, value: Value): void {
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
