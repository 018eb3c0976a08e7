/**
 * A watch counts as dead at the end of this many periods in a row without a sign. They are counted and not measured:
 * who did not get the processor for a while, or slept, has not listened either.
 */
const patience = 3;

/**
 * Periods in a row in which a watch is not asked while others are answered on its connection. An agent has a dozen of
 * them; to ask each in every period was a quarter of what an idle agent did, and its etcd.
 */
const believed = 5;

/** Milliseconds that a doubted watch has for a sign of life. With what a call has, less than a lease lives. */
const doubtPeriod = 5000;

/** Milliseconds between requests while somebody waits for progress; etcd's own loop over late watches has 100. */
const hurriedPeriod = 150;

export interface LivenessOptions {
  /** Milliseconds between two requests. */
  readonly period: number;
  /** Asks the other side for a sign of life. */
  readonly ask: () => void;
  /** When anything was last answered on the same connection, by performance.now(). */
  readonly heard: () => number;
  /** Called once, when there was none for too long. */
  readonly dead: (why: Error) => void;
}

/**
 * Knows whether a stream lives. It can die in silence: a proxy forgot it, its member hangs while the TCP stack still
 * answers, or its machine lost power. So the other side is asked for a sign of life in every period in which the
 * connection has shown none, and now and then when it has: it may be this stream alone that was forgotten.
 */
export class Liveness {
  readonly #options: LivenessOptions;
  readonly #timer: NodeJS.Timeout;
  #hurried: NodeJS.Timeout | undefined;
  #doubted: NodeJS.Timeout | undefined;
  #last = performance.now();
  /** Periods since the last sign. */
  #silent = 0;
  /** Periods since the last sign in which it was not asked for one. */
  #believed = 0;
  #held = false;

  constructor(options: LivenessOptions) {
    this.#options = options;
    const { period } = options;
    this.#timer = setInterval(() => this.#endOfPeriod(), period);
  }

  /** To be called for each. */
  sign(): void {
    this.#last = performance.now();
    this.#silent = 0;
    this.#believed = 0;
  }

  /** Somebody waits for the first answer, and etcd gives none before it has told all changes up to now. */
  hurry(): void {
    this.#hurried = setInterval(() => this.#ask(), hurriedPeriod);
  }

  relax(): void {
    clearInterval(this.#hurried);
  }

  /** A call on the same way got no answer: the stream has to show that it lives. */
  doubt(): void {
    const asked = performance.now();
    this.#ask();
    clearTimeout(this.#doubted);
    this.#doubted = setTimeout(() => {
      if (!this.#held && this.#last < asked) this.#giveUp();
    }, doubtPeriod);
  }

  /** Whoever reads the stream takes their time. Signs of life wait unread meanwhile, so none proves nothing. */
  hold(): void {
    this.#held = true;
  }

  /** The next is read again: to be called after `hold`. */
  release(): void {
    this.#held = false;
    this.sign();
  }

  end(): void {
    for (const timer of [this.#timer, this.#hurried]) clearInterval(timer);
    clearTimeout(this.#doubted);
  }

  #endOfPeriod(): void {
    if (this.#held) return;
    const { heard, period } = this.#options;
    if (this.#silent === 0 && this.#believed < believed && performance.now() - heard() < period) {
      this.#believed += 1;
      return;
    }
    this.#silent += 1;
    if (this.#silent >= patience) this.#giveUp();
    else this.#ask();
  }

  #ask(): void {
    if (!this.#held) this.#options.ask();
  }

  #giveUp(): void {
    this.end();
    this.#options.dead(new Error(`silent for ${Math.round((performance.now() - this.#last) / 1000)} s`));
  }
}
