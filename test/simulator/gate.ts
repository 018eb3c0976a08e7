/**
 * What a process is to the world around it: everything that reaches it goes through here. A frozen process
 * (SIGSTOP, a machine that swaps, a hypervisor that steals the CPU) gets it late, a dead one never.
 */
export class Gate {
  readonly #later: (action: () => void) => void;
  #state: 'open' | 'shut' | 'gone' = 'open';
  #waiting: (() => void)[] = [];
  readonly #gone = new AbortController();

  /** `later` runs an action at this moment of virtual time, after what the actions before it set off. */
  constructor(later: (action: () => void) => void) {
    this.#later = later;
  }

  /** Aborts when the process has died. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get frozen(): boolean {
    return this.#state === 'shut';
  }

  run(action: () => void): void {
    if (this.#state === 'open') action();
    else if (this.#state === 'shut') this.#waiting.push(action);
  }

  /** What comes of `work`, as the process gets to see it. */
  async pass<T>(work: Promise<T>): Promise<T> {
    try {
      const value = await work;
      await this.#open();
      return value;
    } catch (error) {
      await this.#open();
      throw error;
    }
  }

  freeze(): void {
    if (this.#state === 'open') this.#state = 'shut';
  }

  /** Goes on with what is overdue, in the order in which it came. */
  thaw(): void {
    if (this.#state !== 'shut') return;
    this.#state = 'open';
    for (const action of this.#waiting.splice(0)) this.#later(() => this.run(action));
  }

  kill(): void {
    this.#state = 'gone';
    this.#waiting = [];
    this.#gone.abort();
  }

  async #open(): Promise<void> {
    if (this.#state !== 'open') await new Promise<void>((resolve) => this.run(resolve));
  }
}
