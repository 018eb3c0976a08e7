import { closest } from '../model/closest.ts';
import type { Command, Operand, Pipe } from './node.ts';
import { parseNumber } from './number.ts';
import type { TemplateError } from './template-error.ts';
import type { Token, TokenKind } from './token.ts';
import type { Tokens } from './tokens.ts';
import { unquote, unquoteChar } from './unquote.ts';

/** How deep parentheses may stand in each other. */
const maxDepth = 100;

/** Functions of confd's documents that confd itself dropped. */
const dropped: ReadonlySet<string> = new Set(['cget', 'cgets', 'cgetv', 'cgetvs']);

/** Kinds that can't be called, and so can't be given the value before them. */
const constants: ReadonlySet<string> = new Set(['bool', 'dot', 'nil', 'number', 'string']);

/** Reads what stands between delimiters, and knows which variables there are. */
export class PipeParser {
  readonly #tokens: Tokens;
  readonly #functions: ReadonlySet<string>;
  #variables: string[] = ['$'];
  #depth = 0;

  constructor(tokens: Tokens, functions: ReadonlySet<string>) {
    this.#tokens = tokens;
    this.#functions = functions;
  }

  /** Variables that are declared inside are gone afterwards. */
  withScope<T>(read: () => T): T {
    const count = this.#variables.length;
    const result = read();
    this.#variables.length = count;
    return result;
  }

  /** Another template: it sees no variable of this one. */
  withOwnVariables<T>(read: () => T): T {
    const outer = this.#variables;
    this.#variables = ['$'];
    const result = read();
    this.#variables = outer;
    return result;
  }

  /** @param where reads on after "in" */
  pipe(where: string, end: 'right delimiter' | 'right paren'): Pipe {
    const { offset } = this.#tokens.peek();
    const { variables, assigns } = this.#declarations(where);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#tokens.peek();
      if (token.kind === end) break;
      if (!startsOperand(token.kind)) throw this.#tokens.unexpected(token, where, expectation(token, end));
      commands.push(this.#command());
    }
    const last = this.#tokens.take();
    if (commands.length === 0)
      throw this.#tokens.error(
        last.offset,
        `no value for ${where}`,
        'expected a key, a variable or a function',
      );
    this.#refuseConstants(commands);
    return { offset, commands, variables, assigns };
  }

  /** They are there from here on, and not yet in what they are given. */
  #declarations(where: string): { variables: readonly string[]; assigns: boolean } {
    const tokens: Token[] = [];
    let assigns = false;
    while (this.#tokens.peek().kind === 'variable') {
      const { kind: after } = this.#tokens.peekSecond();
      if (after !== 'assign' && after !== 'declare' && after !== 'comma') break;
      tokens.push(this.#tokens.take());
      this.#tokens.takeWord();
      assigns = after === 'assign';
      if (after !== 'comma') break;
      this.#checkSecond(where, tokens);
    }
    if (assigns) for (const token of tokens) this.#declared(token);
    const variables = tokens.map(({ text }) => text);
    this.#variables.push(...variables);
    return { variables, assigns };
  }

  #checkSecond(where: string, variables: readonly Token[]): void {
    if (where !== 'range' || variables.length > 1) {
      const fix = 'only {{range $key, $value := …}} declares two variables';
      throw this.#tokens.error(variables.at(-1)?.offset ?? 0, `too many variables in ${where}`, fix);
    }
    const next = this.#tokens.peek();
    if (next.kind !== 'variable')
      throw this.#tokens.unexpected(next, where, 'expected a second variable after the comma');
  }

  #refuseConstants(commands: readonly Command[]): void {
    const wrong = commands.slice(1).find(({ operands: [first] }) => constants.has(first.kind));
    if (wrong)
      throw this.#tokens.error(
        wrong.offset,
        'a constant after |',
        'expected a function, which gets the value before |',
      );
  }

  /** Operands up to a | or the end; the | is taken, the end is left. */
  #command(): Command {
    const { offset } = this.#tokens.peek();
    const operands: Operand[] = [];
    for (;;) {
      this.#tokens.peek();
      const operand = this.#operand();
      if (operand) operands.push(operand);
      const token = this.#tokens.next;
      if (token.kind === 'space') continue;
      if (token.kind === 'pipe') this.#tokens.take();
      else if (token.kind !== 'right delimiter' && token.kind !== 'right paren') {
        throw this.#tokens.unexpected(token, 'an action', expectation(token, 'right delimiter'));
      }
      break;
    }
    const [first, ...rest] = operands;
    if (first === undefined)
      throw this.#tokens.error(this.#tokens.next.offset, 'an empty command', 'expected a function before |');
    return { offset, operands: [first, ...rest] };
  }

  /** A term with its fields: `.a`, `$x.a.b`, `(index $list 0).name`. */
  #operand(): Operand | undefined {
    const term = this.#term();
    const { kind, offset } = this.#tokens.next;
    if (term === undefined || kind !== 'field') return term;
    const names: string[] = [];
    while (this.#tokens.next.kind === 'field') names.push(this.#tokens.take().text.slice(1));
    if (term.kind === 'field' || term.kind === 'variable') {
      return { ...term, offset, names: [...term.names, ...names] };
    }
    if (constants.has(term.kind)) {
      throw this.#tokens.error(
        offset,
        `a constant has no .${names[0]}`,
        'put parentheses around what has fields',
      );
    }
    return { kind: 'chain', offset, of: term, names };
  }

  #term(): Operand | undefined {
    const token = this.#tokens.peek();
    if (!startsOperand(token.kind)) return undefined;
    this.#tokens.take();
    const { kind, text, offset } = token;
    if (kind === 'identifier') return { kind: 'function', offset, name: this.#known(token) };
    if (kind === 'variable') return { kind, offset, name: this.#declared(token), names: [] };
    if (kind === 'field') return { kind, offset, names: [text.slice(1)] };
    if (kind === 'bool') return { kind, offset, value: text === 'true' };
    if (kind === 'dot' || kind === 'nil') return { kind, offset };
    if (kind === 'left paren') return this.#parenthesised(token);
    return this.#tokens.at(token, () => literal(token));
  }

  #parenthesised({ offset }: Token): Operand {
    this.#depth += 1;
    if (this.#depth > maxDepth) {
      throw this.#tokens.error(
        offset,
        `more than ${maxDepth} parentheses in each other`,
        'declare variables for parts of it',
      );
    }
    const pipe = this.pipe('parentheses', 'right paren');
    this.#depth -= 1;
    return { kind: 'pipe', offset: pipe.offset, pipe };
  }

  #known({ text, offset }: Token): string {
    if (this.#functions.has(text)) return text;
    throw this.#unknown(text, offset);
  }

  #unknown(name: string, offset: number): TemplateError {
    if (dropped.has(name)) {
      return this.#tokens.error(
        offset,
        `${name} is not there: confd dropped encrypted values`,
        `use ${name.slice(1)}`,
      );
    }
    // Of two letters any name is made with two changes.
    const near = name.length > 2 ? closest(name, [...this.#functions]) : undefined;
    const fix = near ? `did you mean ${near}?` : 'docs/templates.md lists all functions; text needs quotes';
    return this.#tokens.error(offset, `there is no function ${name}`, fix);
  }

  #declared({ text, offset }: Token): string {
    if (this.#variables.includes(text)) return text;
    const near = closest(text, this.#variables.slice(1));
    const fix = near
      ? `did you mean ${near}?`
      : `declare it with {{${text} := …}} before, in the same block or around it`;
    throw this.#tokens.error(offset, `there is no variable ${text}`, fix);
  }
}

const operandKinds: ReadonlySet<TokenKind> = new Set<TokenKind>([
  ...(['bool', 'char', 'dot', 'field', 'identifier', 'left paren', 'nil', 'number'] as const),
  ...(['raw string', 'string', 'variable'] as const),
]);

function startsOperand(kind: TokenKind): boolean {
  return operandKinds.has(kind);
}

function expectation({ kind }: Token, end: 'right delimiter' | 'right paren'): string {
  if (kind === 'end of file') return 'close the action with }}';
  return end === 'right paren'
    ? 'expected ) or another argument'
    : 'expected }} or another argument, with a space before it';
}

function literal({ kind, text, offset }: Token): Operand {
  if (kind === 'number') return { kind, offset, text, ...parseNumber(text) };
  if (kind !== 'char') return { kind: 'string', offset, value: unquote(text) };
  const int = unquoteChar(text);
  return { kind: 'number', offset, text, int, float: Number(int), isFloat: false };
}
