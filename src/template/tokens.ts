import { placeAt, type Source } from './place.ts';
import { Complaint, TemplateError } from './template-error.ts';
import type { Token, TokenKind } from './token.ts';

const names: Partial<Record<TokenKind, string>> = {
  'end of file': 'the end of the file',
  'right delimiter': '}}',
  'left delimiter': '{{',
  pipe: '|',
  space: 'a space',
};

/** Reads tokens one by one, with as much looking ahead as it takes. */
export class Tokens {
  readonly #source: Source;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(source: Source, tokens: readonly Token[]) {
    this.#source = source;
    this.#tokens = tokens;
  }

  /** The next token, blanks included. */
  get next(): Token {
    return this.#tokenAt(this.#at);
  }

  take(): Token {
    const token = this.next;
    this.#at = Math.min(this.#at + 1, this.#tokens.length - 1);
    return token;
  }

  /** The next token that is no blank, and goes up to it. */
  peek(): Token {
    while (this.next.kind === 'space') this.#at += 1;
    return this.next;
  }

  takeWord(): Token {
    this.peek();
    return this.take();
  }

  /** The one after `peek()`, blanks left out. */
  peekSecond(): Token {
    this.peek();
    let at = this.#at + 1;
    while (this.#tokenAt(at).kind === 'space') at += 1;
    return this.#tokenAt(at);
  }

  /** @throws TemplateError unless the next token is one of these; `where` reads on after "in" */
  expect(kinds: readonly TokenKind[], where: string): Token {
    const token = this.takeWord();
    if (!kinds.includes(token.kind))
      throw this.unexpected(token, where, `expected ${kinds.map(nameOf).join(' or ')}`);
    return token;
  }

  unexpected(token: Token, where: string, fix: string): TemplateError {
    if (token.kind === 'error') return this.error(token.offset, token.text, token.fix ?? fix);
    const found = names[token.kind] ?? (token.text.length > 20 ? `${token.text.slice(0, 20)}…` : token.text);
    return this.error(token.offset, `unexpected ${found} in ${where}`, fix);
  }

  lineOf(offset: number): number {
    return placeAt(this.#source.text, offset).line;
  }

  error(offset: number, problem: string, fix: string): TemplateError {
    return new TemplateError(this.#source, offset, new Complaint(problem, fix));
  }

  /** Runs what complains of the text of a token, and adds where that is. */
  at<T>({ offset }: Token, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof Complaint) throw new TemplateError(this.#source, offset, error);
      throw error;
    }
  }

  #tokenAt(at: number): Token {
    const last = this.#tokens.length - 1;
    return this.#tokens[Math.min(at, last)] ?? { kind: 'end of file', text: '', offset: 0 };
  }
}

function nameOf(kind: TokenKind): string {
  return names[kind] ?? `a ${kind}`;
}
