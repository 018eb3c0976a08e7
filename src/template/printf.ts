import { format } from './format.ts';
import { goTypeOf, type Value } from './value.ts';
import { type Flags, noFlags, printVerb } from './verb.ts';

/** Go refuses more, and so do we: nobody means a line of a million blanks. */
const maxNumber = 1_000_000;

const directive = /%([-+# 0]*)(?:(\[\d+\])?(\*)|(\d+))?(\.(?:(\[\d+\])?(\*)|(\d*)))?(\[\d+\])?(.?)/gsu;

/** Go's fmt.Sprintf, its notes on what does not fit included: `%!d(string=hi)`, `%!s(MISSING)`. */
export function sprintf(pattern: string, values: readonly Value[]): string {
  const run = new Formatting(values);
  return pattern.replaceAll(directive, (...match) => run.directive(match)) + run.rest();
}

class Formatting {
  readonly #values: readonly Value[];
  #next = 0;
  #reordered = false;

  constructor(values: readonly Value[]) {
    this.#values = values;
  }

  /** @param match the groups of `directive` */
  directive(match: readonly unknown[]): string {
    const [
      ,
      marks = '',
      widthAt,
      widthStar,
      widthText,
      dot,
      precisionAt,
      precisionStar,
      precisionText,
      at,
      verb,
    ] = match.map((each) => (typeof each === 'string' ? each : undefined));
    const notes: string[] = [];
    const width = widthStar ? this.#star(widthAt, 'WIDTH', notes) : numberOf(widthText);
    const precision = precisionStar ? this.#star(precisionAt, 'PREC', notes) : numberOf(precisionText);
    const flags = flagsOf(
      marks,
      width,
      dot === undefined || (precisionStar && precision === undefined) ? undefined : (precision ?? 0),
    );
    return notes.join('') + this.#print(flags, at, verb ?? '');
  }

  #print(flags: Flags, at: string | undefined, verb: string): string {
    if (verb === '') return '%!(NOVERB)';
    if (verb === '%') return '%';
    const fits = this.#jump(at);
    if (!fits) return `%!${verb}(BADINDEX)`;
    if (this.#next >= this.#values.length) return `%!${verb}(MISSING)`;
    const value = this.#values[this.#next];
    this.#next += 1;
    return printVerb(value, verb, flags);
  }

  /** False where there is no argument of that number. */
  #jump(at: string | undefined): boolean {
    if (at === undefined) return true;
    this.#reordered = true;
    const index = Number(at.slice(1, -1)) - 1;
    if (index < 0 || index >= this.#values.length) return false;
    this.#next = index;
    return true;
  }

  #star(at: string | undefined, name: string, notes: string[]): number | undefined {
    const value = this.#jump(at) ? this.#values[this.#next] : undefined;
    this.#next += 1;
    const number = typeof value === 'bigint' ? Number(value) : Number.NaN;
    if (Math.abs(number) <= maxNumber && (name === 'WIDTH' || number >= 0)) return number;
    notes.push(`%!(BAD${name})`);
    return undefined;
  }

  /** What no directive asked for. */
  rest(): string {
    if (this.#reordered || this.#next >= this.#values.length) return '';
    const extra = this.#values.slice(this.#next).map((value) => {
      return value === undefined || value === null ? '<nil>' : `${goTypeOf(value)}=${format(value)}`;
    });
    return `%!(EXTRA ${extra.join(', ')})`;
  }
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  return Math.min(Number(text), maxNumber);
}

function flagsOf(marks: string, width: number | undefined, precision: number | undefined): Flags {
  const minus = marks.includes('-') || (width ?? 0) < 0;
  return {
    ...noFlags,
    ...{ minus, plus: marks.includes('+'), sharp: marks.includes('#'), space: marks.includes(' ') },
    ...{ zero: marks.includes('0') && !minus, width: Math.abs(width ?? 0), precision },
  };
}
