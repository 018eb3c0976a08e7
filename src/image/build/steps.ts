/** Lines of a failed step's output that a message repeats. */
const shownLines = 10;

/** Follows the output of a build: which step it is at, and what that step said. */
export class Steps {
  #step: string | undefined;
  #lines: string[] = [''];

  add(text: string): void {
    const [first = '', ...rest] = text.split('\n');
    this.#lines[this.#lines.length - 1] += first;
    for (const line of rest) {
      this.#ended();
      this.#lines.push(line);
    }
    this.#lines = this.#lines.slice(-shownLines - 1);
  }

  /** `step 2/3, RUN make`; undefined before the first. */
  get current(): string | undefined {
    return this.#step;
  }

  /** What the step said last. */
  get lastLines(): readonly string[] {
    return this.#lines.filter((line) => line.trim() !== '').slice(-shownLines);
  }

  /** A line is whole: it may be the one that a step begins with. */
  #ended(): void {
    const [, number, instruction] = /^Step (\d+\/\d+) : (.*)$/.exec(this.#lines.at(-1) ?? '') ?? [];
    if (number === undefined) return;
    this.#step = `step ${number}, ${instruction}`;
    this.#lines = [];
  }
}

/** What the classic builder says of what BuildKit alone has, and what to do. */
const advice: readonly (readonly [RegExp, string])[] = [
  [
    /requires BuildKit|unknown instruction: .*EOF/i,
    "the machines' Docker builds without BuildKit here (docs/decisions/0046): do without --mount, --chmod and " +
      'here-documents, or build it elsewhere and bring it with `flotilla image push`',
  ],
  [
    /(?:pull access denied|no such host|i\/o timeout|connection refused|network is unreachable|manifest unknown)/,
    'the base image is not on this machine and could not be pulled; `flotilla image push` brings it there',
  ],
  [
    /non-zero code: 137/,
    'it was ended from outside, most likely because it took more memory than was free when the build began',
  ],
];

/** A build that came to no image. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';

  constructor({ current, lastLines }: Steps, reason: string) {
    const where = current === undefined ? 'before its first step' : `at ${current}`;
    const fix = advice.find(([pattern]) => pattern.test(reason))?.[1];
    const said = lastLines.map((line) => `\n  | ${line}`).join('');
    super(`the build failed ${where}: ${reason}${fix === undefined ? '' : `; ${fix}`}${said}`);
  }
}
