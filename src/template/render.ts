import { cost, Effort, maxLength } from './effort.ts';
import { Evaluator, Misplaced, placed } from './evaluator.ts';
import { show, sortedEntries } from './format.ts';
import type { World } from './function.ts';
import { functionNames } from './functions.ts';
import { KeyStore } from './key-store.ts';
import type { Branch, Node, Templates } from './node.ts';
import { nothingOutside } from './outside.ts';
import { parse } from './parser.ts';
import type { Source } from './place.ts';
import { Complaint, TemplateError } from './template-error.ts';
import { isDictionary, isTrue, List, nameOf, type Value } from './value.ts';
import { Variables } from './variables.ts';

/** How deep templates may call each other, and blocks stand in each other, all in all. */
const maxDepth = 400;
/**
 * Actions that one render may take. A file of 1,000 keys takes some 10,000; a loop that nobody meant must not keep an agent
 * on a slow machine from renewing its lease.
 */
const maxSteps = 1_000_000;

export interface Template {
  readonly source: Source;
  readonly templates: Templates;
}

/** @throws TemplateError for the first thing in it that is wrong */
export function parseTemplate(source: Source): Template {
  return { source, templates: parse(source, functionNames) };
}

/**
 * What a template makes of keys. The same keys give the same text, as long as what is outside stays the same.
 *
 * @param dot what `.` is at the start; nothing, for confd's templates
 * @throws TemplateError where it can't go on, with nothing rendered
 */
export function render(
  { source, templates }: Template,
  world: Partial<Pick<World, 'keys' | 'outside'>> = {},
  dot?: Value,
): string {
  const { keys = new KeyStore([]), outside = nothingOutside() } = world;
  try {
    return new Rendering(templates, { keys, outside, effort: new Effort() }).run(dot);
  } catch (error) {
    if (error instanceof Misplaced) throw new TemplateError(source, error.offset, error.complaint);
    throw error;
  }
}

/** How a list of nodes ended: at its end, or to leave the range around it or its turn. */
type Ending = 'done' | 'break' | 'continue';

class Rendering {
  readonly #templates: Templates;
  readonly #evaluator: Evaluator;
  readonly #effort: Effort;
  readonly #parts: string[] = [];
  #length = 0;
  #depth = 0;
  #steps = 0;

  constructor(templates: Templates, world: World) {
    this.#templates = templates;
    this.#evaluator = new Evaluator(world);
    this.#effort = world.effort;
  }

  run(dot: Value): string {
    this.#list(this.#templates.root, dot, new Variables(dot));
    return this.#parts.join('');
  }

  #list(nodes: readonly Node[], dot: Value, variables: Variables): Ending {
    for (const node of nodes) {
      const ending = this.#node(node, dot, variables);
      if (ending !== 'done') return ending;
    }
    return 'done';
  }

  #node(node: Node, dot: Value, variables: Variables): Ending {
    this.#step(node.offset);
    switch (node.kind) {
      case 'text':
        this.#write(node.text, node.offset);
        return 'done';
      case 'action': {
        const value = this.#evaluator.pipe(node.pipe, dot, variables);
        if (node.pipe.variables.length === 0) this.#write(show(value), node.offset);
        return 'done';
      }
      case 'template':
        this.#invoke(node, dot, variables);
        return 'done';
      case 'break':
      case 'continue':
        return node.kind;
      default:
        return this.#deeper(node.offset, () => variables.within(() => this.#branch(node, dot, variables)));
    }
  }

  #branch(node: Branch, dot: Value, variables: Variables): Ending {
    const value = this.#evaluator.pipe(node.pipe, dot, variables);
    if (node.kind === 'range') return this.#range(node, value, dot, variables);
    if (isTrue(value)) return this.#list(node.body, node.kind === 'with' ? value : dot, variables);
    return this.#list(node.otherwise ?? [], dot, variables);
  }

  #range(node: Branch, value: Value, dot: Value, variables: Variables): Ending {
    let empty = true;
    // Its keys are sorted first, however soon the loop is left.
    if (isDictionary(value)) placed(node.offset, () => this.#effort.spend(cost.item * value.size));
    for (const [key, item] of itemsOf(value, node)) {
      empty = false;
      this.#step(node.offset);
      setLoopVariables(node, key, item, variables);
      const ending = variables.within(() => this.#list(node.body, item, variables));
      if (ending === 'break') break;
    }
    return empty ? this.#list(node.otherwise ?? [], dot, variables) : 'done';
  }

  /** A template sees no variable but $, which is what it was given. */
  #invoke(node: Node & { kind: 'template' }, dot: Value, variables: Variables): void {
    const body = this.#templates.named.get(node.name);
    if (body === undefined) {
      const fix = `expected {{define ${JSON.stringify(node.name)}}} in the same file`;
      throw new Misplaced(
        node.offset,
        new Complaint(`there is no template ${JSON.stringify(node.name)}`, fix),
      );
    }
    const value = node.pipe && this.#evaluator.pipe(node.pipe, dot, variables);
    this.#deeper(node.offset, () => this.#list(body, value, new Variables(value)));
  }

  #deeper<T>(offset: number, run: () => T): T {
    this.#depth += 1;
    if (this.#depth > maxDepth) {
      const fix = 'look for a template that calls itself without an end';
      throw new Misplaced(offset, new Complaint(`templates and blocks ${maxDepth} deep`, fix));
    }
    const result = run();
    this.#depth -= 1;
    return result;
  }

  #step(offset: number): void {
    this.#steps += 1;
    if (this.#steps <= maxSteps) return;
    const fix = 'look for ranges in ranges that nobody meant';
    throw new Misplaced(offset, new Complaint(`more than ${maxSteps} steps`, fix));
  }

  #write(text: string, offset: number): void {
    this.#length += text.length;
    if (this.#length > maxLength) {
      throw new Misplaced(
        offset,
        new Complaint('more than 16 MiB of text', 'look for a loop that nobody meant'),
      );
    }
    this.#parts.push(text);
  }
}

/** The loop's own variables were declared when its pipe was read: the last ones of their names. */
function setLoopVariables({ pipe }: Branch, key: Value, item: Value, variables: Variables): void {
  const [first, second] = pipe.variables;
  if (first !== undefined) variables.assign(first, second === undefined ? item : key);
  if (second !== undefined) variables.assign(second, item);
}

/** Lists with their indexes, maps by their sorted keys, ints up to themselves. */
function* itemsOf(value: Value, { offset, pipe }: Branch): Iterable<[key: Value, item: Value]> {
  if (value === undefined || value === null) return;
  if (typeof value === 'bigint') {
    if (pipe.variables.length > 1) {
      throw new Misplaced(offset, new Complaint('two variables for a range over an int', 'expected one'));
    }
    for (let at = 0n; at < value; at += 1n) yield [undefined, at];
  } else if (value instanceof List) {
    // By its length now: sorting it meanwhile changes its items, as in Go.
    const { items } = value;
    for (let at = 0; at < items.length; at += 1) yield [BigInt(at), items[at]];
  } else if (isDictionary(value)) yield* sortedEntries(value);
  else {
    const fix = 'expected a list, as gets, getvs, ls and split give it, or a map';
    throw new Misplaced(offset, new Complaint(`range over ${nameOf(value)}`, fix));
  }
}
