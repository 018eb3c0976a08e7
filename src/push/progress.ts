import type { Evaluation, UnitFailure, Wanted } from './health.ts';

/** Seconds after which a line that does not change is said again. */
const remindEvery = 10;

export function progressText({ done, failed, waiting }: Evaluation, wanted: Wanted): string {
  const units = wanted.units.length + wanted.gone.length;
  const busy = new Set([...waiting, ...failed].map(({ unit }) => unit));
  const count = `${units - busy.size} of ${units} units are as wanted`;
  if (done) return `${count}; watching that they stay so`;
  const failing = failed.map(({ unit, machine }) => `${unit}: failed on ${machine}`);
  const shown = [...failing, ...waiting.map(({ unit, why }) => `${unit}: ${why}`)];
  return `${count}; waiting for ${firstThree(shown)}`;
}

/** So many clauses fit into a line. */
export function firstThree(clauses: readonly string[]): string {
  const more = clauses.length > 3 ? `; and ${clauses.length - 3} more` : '';
  return `${clauses.slice(0, 3).join('; ')}${more}`;
}

export function failureText(failed: readonly UnitFailure[]): string {
  return failed
    .map(({ unit, machine, result, journal }) => {
      const lines = journal.map((line) => `\n  ${line}`);
      return `unit ${unit} failed on ${machine} (${result})${lines.length > 0 ? ':' : ''}${lines.join('')}`;
    })
    .join('\n');
}

/** Says a thing when it changes, and again every ten seconds while it does not. */
export class Progress {
  readonly #log: (line: string) => void;
  #last = { text: '', at: 0 };

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  /** `limit`: how long there is still patience, as `20 s of 120 s`; said with what is said again. */
  report(text: string, at: number, limit?: string): void {
    const again = text === this.#last.text;
    if (again && at - this.#last.at < remindEvery) return;
    this.#last = { text, at };
    this.#log(again && limit !== undefined ? `${text} (${limit})` : text);
  }
}
