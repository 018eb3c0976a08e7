const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July'].concat([
  'August',
  'September',
  'October',
  'November',
  'December',
]);
const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** Parts of a layout, the longer ones first: what the reference time, Mon Jan 2 15:04:05 2006, says at that place. */
const layoutPart =
  /January|Monday|2006|Z07:00:00|Z070000|Z07:00|Z0700|Z07|-07:00:00|-070000|-07:00|-0700|-07|Jan(?![a-z])|Mon(?![a-z])|MST|__2|002|_2|[.,]0+(?!\d)|[.,]9+(?!\d)|15|01|02|03|04|05|06|PM|pm|[1-5]/g;

/** A moment, always in UTC: machines of a cluster should not differ in what they write. */
export class Time {
  /** Nanoseconds since 1970. */
  readonly nanoseconds: bigint;
  readonly #date: Date;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
    const milliseconds = nanoseconds / 1_000_000n;
    this.#date = new Date(Number(nanoseconds % 1_000_000n < 0n ? milliseconds - 1n : milliseconds));
  }

  toString(): string {
    return this.format('2006-01-02 15:04:05.999999999 -0700 MST');
  }

  /** By Go's layouts, such as `2006-01-02 15:04`. */
  format(layout: string): string {
    return layout.replaceAll(layoutPart, (part) => this.#part(part));
  }

  /** The fields that Go has methods for, by their names. */
  get parts() {
    const date = this.#date;
    return {
      ...{ Year: BigInt(date.getUTCFullYear()), Month: months[date.getUTCMonth()] ?? '' },
      ...{ Day: BigInt(date.getUTCDate()), Hour: BigInt(date.getUTCHours()) },
      ...{ Minute: BigInt(date.getUTCMinutes()), Second: BigInt(date.getUTCSeconds()) },
      ...{
        Nanosecond: this.#fraction,
        Weekday: days[date.getUTCDay()] ?? '',
        YearDay: BigInt(this.#dayOfYear),
      },
      ...{ Unix: (this.nanoseconds - this.#fraction) / 1_000_000_000n, UnixNano: this.nanoseconds },
      ...{ String: this.toString() },
    } as const;
  }

  get #fraction(): bigint {
    return ((this.nanoseconds % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  }

  get #dayOfYear(): number {
    const date = this.#date;
    const start = Date.UTC(date.getUTCFullYear(), 0, 1);
    return Math.floor((date.getTime() - start) / 86_400_000) + 1;
  }

  #part(part: string): string {
    if (/^[.,]/.test(part)) return this.#fractionAs(part);
    if (/^Z0/.test(part)) return 'Z';
    if (/^-0/.test(part)) return part.slice(1).replace('7', '0').padStart(part.length, '+');
    return this.#word(part);
  }

  /** `.000` keeps its zeros at the end, `.999` leaves them out. */
  #fractionAs(part: string): string {
    const digits = String(this.#fraction)
      .padStart(9, '0')
      .slice(0, part.length - 1);
    const kept = part[1] === '0' ? digits : digits.replace(/0+$/, '');
    return kept === '' ? '' : `${part[0]}${kept}`;
  }

  #word(part: string): string {
    const date = this.#date;
    const hour = date.getUTCHours();
    const half = hour % 12 === 0 ? 12 : hour % 12;
    const numbers: Readonly<Record<string, number>> = {
      ...{ '2006': date.getUTCFullYear(), '06': date.getUTCFullYear() % 100, '002': this.#dayOfYear },
      ...{ '1': date.getUTCMonth() + 1, '2': date.getUTCDate(), '15': hour, '3': half },
      ...{ '4': date.getUTCMinutes(), '5': date.getUTCSeconds(), __2: this.#dayOfYear },
    };
    const words: Readonly<Record<string, string>> = {
      ...{ January: months[date.getUTCMonth()] ?? '', Monday: days[date.getUTCDay()] ?? '' },
      ...{
        Jan: (months[date.getUTCMonth()] ?? '').slice(0, 3),
        Mon: (days[date.getUTCDay()] ?? '').slice(0, 3),
      },
      ...{ MST: 'UTC', PM: hour < 12 ? 'AM' : 'PM', pm: hour < 12 ? 'am' : 'pm' },
    };
    const number = numbers[part] ?? numbers[part.replace(/^[0_]/, '')];
    if (number === undefined) return words[part] ?? part;
    return String(number).padStart(part.length, part.startsWith('_') ? ' ' : '0');
  }
}
