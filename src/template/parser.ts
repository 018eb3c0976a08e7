import { tokenise } from './lexer.ts';
import type { Branch, Node, Pipe, Templates } from './node.ts';
import { PipeParser } from './pipe-parser.ts';
import type { Source } from './place.ts';
import { Tokens } from './tokens.ts';
import { unquote } from './unquote.ts';

/** How deep `if`, `range`, `with` and `define` may stand in each other. */
const maxDepth = 100;

/**
 * Reads a template. Functions must be known by then, as in Go.
 *
 * @throws TemplateError for the first thing that is wrong
 */
export function parse(source: Source, functions: ReadonlySet<string>): Templates {
  const parser = new Parser(source, functions);
  return { root: parser.parse(), named: parser.named };
}

/** What ends a list of nodes, and where it stands. */
interface End {
  readonly kind: 'end' | 'else';
  readonly offset: number;
}

class Parser {
  readonly named = new Map<string, readonly Node[]>();
  readonly #tokens: Tokens;
  readonly #pipes: PipeParser;
  #ranges = 0;
  #depth = 0;

  constructor(source: Source, functions: ReadonlySet<string>) {
    this.#tokens = new Tokens(source, tokenise(source.text));
    this.#pipes = new PipeParser(this.#tokens, functions);
  }

  parse(): readonly Node[] {
    const nodes: Node[] = [];
    while (this.#tokens.next.kind !== 'end of file') {
      if (this.#tokens.next.kind === 'left delimiter' && this.#tokens.peekSecond().kind === 'define') {
        this.#define();
        continue;
      }
      const node = this.#textOrAction();
      if (isEnd(node)) throw this.#stray(node);
      nodes.push(node);
    }
    return nodes;
  }

  #stray({ kind, offset }: End) {
    return this.#tokens.error(
      offset,
      `{{${kind}}} has nothing to belong to`,
      'expected {{if}}, {{range}} or {{with}} before it',
    );
  }

  #define(): void {
    this.#tokens.take();
    const keyword = this.#tokens.takeWord();
    const name = this.#name('{{define}}');
    this.#tokens.expect(['right delimiter'], '{{define}}');
    const body = this.#pipes.withOwnVariables(() => this.#bodyOf('{{define}}', keyword.offset));
    this.#add(name, body, keyword.offset);
  }

  /** As in Go: of two definitions one must be empty. */
  #add(name: string, body: readonly Node[], offset: number): void {
    const before = this.named.get(name);
    if (before === undefined || isEmpty(before)) this.named.set(name, body);
    else if (!isEmpty(body)) {
      throw this.#tokens.error(
        offset,
        `template ${JSON.stringify(name)} is there already`,
        'give one of the two another name',
      );
    }
  }

  #name(where: string): string {
    const token = this.#tokens.expect(['string', 'raw string'], where);
    return this.#tokens.at(token, () => unquote(token.text));
  }

  /** A body that only {{end}} may end, with variables and ranges of its own. */
  #bodyOf(what: string, offset: number): readonly Node[] {
    const ranges = this.#ranges;
    this.#ranges = 0;
    const { nodes, end } = this.#list(what, offset);
    this.#ranges = ranges;
    if (end.kind === 'else') throw this.#tokens.error(end.offset, `{{else}} in ${what}`, 'expected {{end}}');
    return nodes;
  }

  #list(what: string, offset: number): { nodes: readonly Node[]; end: End } {
    this.#depth += 1;
    if (this.#depth > maxDepth) {
      throw this.#tokens.error(
        offset,
        `more than ${maxDepth} blocks in each other`,
        'define templates for the inner ones',
      );
    }
    const nodes: Node[] = [];
    while (this.#tokens.peek().kind !== 'end of file') {
      const node = this.#textOrAction();
      if (isEnd(node)) {
        this.#depth -= 1;
        return { nodes, end: node };
      }
      nodes.push(node);
    }
    const where = `${what} of line ${this.#tokens.lineOf(offset)}`;
    throw this.#tokens.error(this.#tokens.next.offset, `${where} is not closed`, 'expected {{end}}');
  }

  #textOrAction(): Node | End {
    const { kind, text, offset } = this.#tokens.peek();
    if (kind === 'text') {
      this.#tokens.take();
      return { kind, text, offset };
    }
    this.#tokens.expect(['left delimiter'], 'the text');
    return this.#action();
  }

  #action(): Node | End {
    const { kind, offset } = this.#tokens.peek();
    if (isBranch(kind)) return this.#branch(this.#tokens.take().offset, kind);
    if (kind === 'end' || kind === 'else') return this.#endOrElse(kind);
    if (kind === 'break' || kind === 'continue') return this.#jump(kind);
    if (kind === 'template' || kind === 'block') return this.#invoke(kind);
    if (kind === 'define') {
      throw this.#tokens.error(
        offset,
        '{{define}} inside of something else',
        'define templates outside of other actions',
      );
    }
    return { kind: 'action', offset, pipe: this.#pipes.pipe('an action', 'right delimiter') };
  }

  /** `{{else if}}` and `{{else with}}` leave their second word to whoever goes on there. */
  #endOrElse(kind: 'end' | 'else'): End {
    const { offset } = this.#tokens.take();
    const next = this.#tokens.peek().kind;
    if (kind === 'else' && (next === 'if' || next === 'with')) return { kind, offset };
    this.#tokens.expect(['right delimiter'], `{{${kind}}}`);
    return { kind, offset };
  }

  #jump(kind: 'break' | 'continue'): Node {
    const { offset } = this.#tokens.take();
    this.#tokens.expect(['right delimiter'], `{{${kind}}}`);
    if (this.#ranges === 0)
      throw this.#tokens.error(offset, `{{${kind}}} outside of a range`, 'expected {{range}} around it');
    return { kind, offset };
  }

  #branch(offset: number, kind: Branch['kind']): Branch {
    return this.#pipes.withScope(() => {
      const pipe = this.#pipes.pipe(kind, 'right delimiter');
      this.#ranges += kind === 'range' ? 1 : 0;
      const { nodes: body, end } = this.#list(`{{${kind}}}`, offset);
      this.#ranges -= kind === 'range' ? 1 : 0;
      const otherwise = end.kind === 'else' ? this.#otherwise(kind, offset) : undefined;
      return { kind, offset: pipe.offset, pipe, body, otherwise };
    });
  }

  #otherwise(kind: Branch['kind'], offset: number): readonly Node[] {
    const next = this.#tokens.next;
    if (next.kind === 'if' || next.kind === 'with') {
      if (next.kind !== kind) {
        const fix = `expected {{else}}, then {{${next.kind}}} with an {{end}} of its own`;
        throw this.#tokens.error(next.offset, `{{else ${next.kind}}} in {{${kind}}}`, fix);
      }
      return [this.#elseBranch(kind)];
    }
    const { nodes, end } = this.#list(`{{else}}`, offset);
    if (end.kind === 'else')
      throw this.#tokens.error(end.offset, `a second {{else}} in {{${kind}}}`, 'expected {{end}}');
    return nodes;
  }

  /** A chain of any length is one level to whoever reads it, but not to the stack. */
  #elseBranch(kind: 'if' | 'with'): Branch {
    this.#depth += 1;
    const { offset } = this.#tokens.take();
    if (this.#depth > maxDepth) {
      throw this.#tokens.error(
        offset,
        `more than ${maxDepth} blocks in each other`,
        'look values up in a map instead',
      );
    }
    const branch = this.#branch(offset, kind);
    this.#depth -= 1;
    return branch;
  }

  #invoke(kind: 'template' | 'block'): Node {
    const keyword = this.#tokens.take();
    const { offset } = this.#tokens.peek();
    const name = this.#name(`{{${kind}}}`);
    if (kind === 'template') return { kind, offset, name, pipe: this.#argument() };
    const pipe = this.#pipes.pipe('{{block}}', 'right delimiter');
    const body = this.#pipes.withOwnVariables(() => this.#bodyOf('{{block}}', keyword.offset));
    this.#add(name, body, keyword.offset);
    return { kind: 'template', offset, name, pipe };
  }

  #argument(): Pipe | undefined {
    if (this.#tokens.peek().kind !== 'right delimiter')
      return this.#pipes.pipe('{{template}}', 'right delimiter');
    this.#tokens.take();
    return undefined;
  }
}

function isEmpty(nodes: readonly Node[]): boolean {
  return nodes.every((node) => node.kind === 'text' && node.text.trim() === '');
}

function isEnd(node: Node | End): node is End {
  return node.kind === 'end' || node.kind === 'else';
}

function isBranch(kind: string): kind is Branch['kind'] {
  return kind === 'if' || kind === 'with' || kind === 'range';
}
