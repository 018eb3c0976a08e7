import type { Flaw } from './problem.ts';
import { isSpace, trimSpace } from './space.ts';

/** One assignment of a unit file. Order and repetition matter (systemd.syntax(7)), so files are lists of these. */
export interface UnitOption {
  readonly section: string;
  readonly name: string;
  readonly value: string;
}

export interface ParsedOption extends UnitOption {
  /** Line of the option's name, from 1. */
  readonly line: number;
}

/** Where an option stands, if it was read from a file. */
export function locationOf(option: UnitOption | ParsedOption): Pick<Flaw, 'line'> {
  return 'line' in option ? { line: option.line } : {};
}

export interface ParsedUnit {
  readonly options: readonly ParsedOption[];
  /** Section headers in file order, empty sections included. */
  readonly sections: readonly { readonly name: string; readonly line: number }[];
  readonly flaws: readonly Flaw[];
}

/**
 * Reads a unit file as fleet did (go-systemd's `unit.Deserialize`), which keeps continuation lines and their
 * backslashes in the value. Never stops at the first mistake: `flaws` holds all of them, and `options` what
 * could be read besides. Two rules that surprise are fleet's: a comment that ends in a backslash continues,
 * and text before the first section is passed over; both are flaws here, since systemd reads them differently.
 */
export function parseUnit(text: string): ParsedUnit {
  const reader = new UnitReader(text);
  reader.readAll();
  return reader;
}

class UnitReader implements ParsedUnit {
  readonly options: ParsedOption[] = [];
  readonly sections: { name: string; line: number }[] = [];
  readonly flaws: Flaw[] = [];
  readonly #text: string;
  #at = 0;
  #line = 1;
  #section: string | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  readAll(): void {
    while (this.#at < this.#text.length) {
      const next = this.#text[this.#at] ?? '';
      if (next === '[') this.#readSection();
      else if (next === '#' || next === ';') this.#readComment();
      else if (isSpace(next)) this.#skip();
      else if (this.#section === undefined) this.#skipStray();
      else this.#readOption(this.#section);
    }
  }

  #skip(): void {
    if (this.#text[this.#at] === '\n') this.#line += 1;
    this.#at += 1;
  }

  /** The rest of the line without its newline. */
  #restOfLine(): string {
    const end = this.#text.indexOf('\n', this.#at);
    const line = this.#text.slice(this.#at, end === -1 ? undefined : end);
    this.#at += line.length;
    return line;
  }

  #readSection(): void {
    const line = this.#line;
    this.#at += 1;
    const end = this.#text.indexOf(']', this.#at);
    const name = end === -1 ? this.#restOfLine() : this.#text.slice(this.#at, end);
    if (end === -1)
      this.#flaw('section-header', line, `section header "[${name}" has no "]"`, 'close the bracket');
    else this.#at = end + 1;
    this.#line += name.split('\n').length - 1;
    const garbage = trimSpace(this.#restOfLine());
    if (garbage !== '') {
      const fix = `put "${garbage}" on a line of its own`;
      this.#flaw('section-header', line, `text "${garbage}" after section header [${name}]`, fix);
    }
    if (trimSpace(name) !== name || name === '' || name.includes('\n')) {
      const fix = 'write the name between brackets, on one line and without blanks around it';
      this.#flaw('section-name', line, `section header "[${firstLine(name)}" is not a section name`, fix);
    }
    this.#section = name;
    this.sections.push({ name, line });
  }

  #readComment(): void {
    const line = this.#line;
    while (this.#at < this.#text.length) {
      const text = this.#restOfLine();
      this.#skip();
      if (!text.replace(/ $/, '').endsWith('\\')) return;
      this.#flaw(
        'continuation',
        line,
        'comment ends in a backslash',
        'remove the backslash from the comment',
      );
    }
  }

  /** Outside of any section fleet looked for the next bracket or comment sign, wherever in a line it stood. */
  #skipStray(): void {
    const rest = /^[^[#;\n]*/.exec(this.#text.slice(this.#at))?.[0] ?? '';
    this.#at += rest.length;
    if (rest === '\ufeff') return;
    const message = `"${trimSpace(rest)}" stands before the first section`;
    this.#flaw('outside-section', this.#line, message, 'put a header such as [Unit] or [Service] above it');
  }

  #readOption(section: string): void {
    const line = this.#line;
    const name = /^[^=\r\n]*/.exec(this.#text.slice(this.#at))?.[0] ?? '';
    if (this.#text[this.#at + name.length] !== '=') {
      this.#restOfLine();
      this.#flaw('assignment', line, `line "${trimSpace(name)}" has no "="`, 'write Option=value');
      return;
    }
    this.#at += name.length + 1;
    this.options.push({ section, name: trimSpace(name), value: this.#readValue(line), line });
  }

  #readValue(line: number): string {
    let value = '';
    for (;;) {
      const part = this.#restOfLine();
      const last = this.#at >= this.#text.length;
      this.#skip();
      const ended = isSpace(part);
      if (!ended) value += part;
      if (ended || !part.endsWith('\\') || last) {
        if (value.endsWith('\\\n') || (!ended && last && part.endsWith('\\'))) {
          const fix = 'remove the backslash or write the line that it announces';
          this.#flaw('continuation', line, 'value ends in a backslash, but no line follows', fix);
        }
        return value.endsWith('\n') ? `${trimSpace(value)}\n` : trimSpace(value);
      }
      value += '\n';
    }
  }

  #flaw(rule: Flaw['rule'], line: number, message: string, fix: string): void {
    this.flaws.push({ rule, line, message, fix });
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
