import { type Keyword, keywords, type Token, type TokenKind } from './token.ts';

/**
 * The tokens of a template, by the rules of Go's text/template. What can't be read ends the list as an error token; else
 * `end of file` does. Blanks that a trim marker takes away are in no token.
 */
export function tokenise(text: string): Token[] {
  return new Lexer(text).run();
}

const blank = /[ \t\r\n]/;
const blanks = /[ \t\r\n]+/y;
const word = /[\p{L}\p{Nd}_]+/uy;
const endOfWord = /$|[ \t\r\n.,|:()]|\}\}/y;
const rightDelimiter = /([ \t\r\n]-)?\}\}/y;
const quoted = /"(?:[^"\\\n]|\\[^\n])*"/y;
const rawQuoted = /`[^`]*`/y;
const charConstant = /'(?:[^'\\\n]|\\[^\n])*'/y;
/** Wrong numbers are told by the parser; here counts only where one ends. */
const number =
  /[+-]?(?:0[xX][\da-fA-F_]*\.?[\da-fA-F_]*(?:[pP][+-]?[\d_]*)?|0[oO][0-7_]*|0[bB][01_]*|[\d_]*\.?[\d_]*(?:[eE][+-]?[\d_]*)?)/y;

const symbols: Readonly<Record<string, TokenKind>> = {
  '=': 'assign',
  '|': 'pipe',
  ',': 'comma',
  ':=': 'declare',
};

/** What opens and closes, with what to say when it does not close. */
const quotes: Readonly<Record<string, { kind: TokenKind; pattern: RegExp; name: string; close: string }>> = {
  '"': { kind: 'string', pattern: quoted, name: 'string', close: 'close it with " on the same line' },
  '`': { kind: 'raw string', pattern: rawQuoted, name: 'raw string', close: 'close it with `' },
  "'": { kind: 'char', pattern: charConstant, name: 'character', close: "close it with ' on the same line" },
};

class Lexer {
  readonly #text: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #parens = 0;
  #failed = false;

  constructor(text: string) {
    this.#text = text;
  }

  run(): Token[] {
    while (!this.#failed && this.#at < this.#text.length) this.#textAndAction();
    if (!this.#failed) this.#tokens.push({ kind: 'end of file', text: '', offset: this.#text.length });
    return this.#tokens;
  }

  #textAndAction(): void {
    const start = this.#text.indexOf('{{', this.#at);
    const written = this.#text.slice(this.#at, start === -1 ? undefined : start);
    const trims = start !== -1 && this.#text[start + 2] === '-' && blank.test(this.#text[start + 3] ?? '');
    const kept = trims ? written.replace(/[ \t\r\n]+$/, '') : written;
    if (kept !== '') this.#tokens.push({ kind: 'text', text: kept, offset: this.#at });
    if (start === -1) this.#at = this.#text.length;
    else this.#enter(start, trims ? 4 : 2);
  }

  #enter(start: number, length: number): void {
    this.#at = start + length;
    if (this.#text.startsWith('/*', this.#at)) {
      this.#comment();
      return;
    }
    this.#tokens.push({ kind: 'left delimiter', text: '{{', offset: start });
    this.#parens = 0;
    while (!this.#failed) if (this.#insideAction()) return;
  }

  #comment(): void {
    const end = this.#text.indexOf('*/', this.#at + 2);
    if (end === -1) {
      this.#fail(this.#at, 'a comment is not closed', 'close it with */}}');
      return;
    }
    this.#at = end + 2;
    if (!this.#leave()) {
      this.#fail(this.#at, 'a comment ends before its action does', 'write }} right after */');
    }
  }

  /** Goes past a right delimiter if there is one here, and past the blanks that it takes away. */
  #leave(): boolean {
    const found = this.#match(rightDelimiter);
    if (found === undefined) return false;
    this.#at += found.length;
    if (found.length > 2) this.#at += this.#match(blanks)?.length ?? 0;
    return true;
  }

  /** True at the action's end. */
  #insideAction(): boolean {
    const offset = this.#at;
    if (this.#match(rightDelimiter) !== undefined) {
      if (this.#parens > 0) {
        this.#fail(offset, 'a parenthesis is not closed', 'write ) before }}');
        return true;
      }
      this.#leave();
      this.#tokens.push({ kind: 'right delimiter', text: '}}', offset });
      return true;
    }
    this.#token(this.#text[offset] ?? '');
    return false;
  }

  #token(char: string): void {
    const quote = quotes[char];
    if (char === '') this.#fail(this.#at, 'an action is not closed', 'close it with }}');
    else if (blank.test(char)) this.#space();
    else if (quote) this.#quoted(quote);
    else if (char === '$' || (char === '.' && !/[0-9]/.test(this.#text[this.#at + 1] ?? '')))
      this.#name(char);
    else if (/[-+.0-9]/.test(char)) this.#number();
    else if (this.#match(word) !== undefined) this.#identifier();
    else if (char === '(' || char === ')') this.#paren(char);
    else this.#symbol(char);
  }

  /** The last blank belongs to a trim marker that follows. */
  #space(): void {
    const run = this.#match(blanks) ?? '';
    const length = this.#text.startsWith('-}}', this.#at + run.length) ? run.length - 1 : run.length;
    this.#push('space', run.slice(0, length));
  }

  #quoted({ kind, pattern, name, close }: { kind: TokenKind; pattern: RegExp; name: string; close: string }) {
    const found = this.#match(pattern);
    if (found === undefined) this.#fail(this.#at, `a ${name} is not closed`, close);
    else this.#push(kind, found);
  }

  /** `.`, `.Field`, `$` and `$name`. */
  #name(sign: string): void {
    const start = this.#at;
    this.#at += 1;
    const name = this.#match(word) ?? '';
    this.#at = start;
    const bare = sign === '.' && name === '';
    this.#wordOf(bare ? 'dot' : sign === '.' ? 'field' : 'variable', sign + name);
  }

  #identifier(): void {
    const name = this.#match(word) ?? '';
    if (name === 'true' || name === 'false') this.#wordOf('bool', name);
    else this.#wordOf(isKeyword(name) ? name : 'identifier', name);
  }

  /** A word, and what comes after it must not be a part of it. */
  #wordOf(kind: TokenKind, text: string): void {
    const end = this.#at + text.length;
    endOfWord.lastIndex = end;
    if (endOfWord.test(this.#text)) this.#push(kind, text);
    else this.#fail(end, `unexpected ${this.#shown(end)} after ${text}`, 'put a space between them');
  }

  #number(): void {
    const found = this.#match(number) ?? '';
    const end = this.#at + found.length;
    word.lastIndex = end;
    if (word.test(this.#text) || /[-+]/.test(this.#text[end] ?? '') || !/[0-9]/.test(found)) {
      const text = /^[^\s|(){}]+/.exec(this.#text.slice(this.#at))?.[0] ?? found;
      this.#fail(this.#at, `${text} is not a number`, 'expected one like 42, -1, 0x1f or 1.5');
    } else this.#push('number', found);
  }

  #paren(char: '(' | ')'): void {
    this.#parens += char === '(' ? 1 : -1;
    if (this.#parens < 0) this.#fail(this.#at, 'a ) closes nothing', 'write ( before, or leave it out');
    else this.#push(char === '(' ? 'left paren' : 'right paren', char);
  }

  #symbol(char: string): void {
    const two = this.#text.slice(this.#at, this.#at + 2);
    if (char === ':' && two !== ':=') {
      this.#fail(this.#at, 'a single : means nothing', 'write := to declare a variable');
    } else if (!/[!-~]/.test(char)) {
      this.#fail(
        this.#at,
        `unexpected ${this.#shown(this.#at)}`,
        'put text into quotes, or outside of {{ }}',
      );
    } else {
      const text = char === ':' ? two : char;
      this.#push(symbols[text] ?? 'symbol', text);
    }
  }

  #shown(offset: number): string {
    const point = this.#text.codePointAt(offset) ?? 0;
    return JSON.stringify(String.fromCodePoint(point));
  }

  #push(kind: TokenKind, text: string): void {
    this.#tokens.push({ kind, text, offset: this.#at });
    this.#at += text.length;
  }

  #fail(offset: number, text: string, fix: string): void {
    this.#tokens.push({ kind: 'error', text, offset, fix });
    this.#failed = true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text)?.[0];
  }
}

function isKeyword(name: string): name is Keyword {
  return (keywords as readonly string[]).includes(name);
}
