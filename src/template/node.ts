/** A template as a tree. Every node knows where it stands, for what may go wrong there later. */
export type Node =
  | { readonly kind: 'text'; readonly offset: number; readonly text: string }
  | { readonly kind: 'action'; readonly offset: number; readonly pipe: Pipe }
  | Branch
  | {
      readonly kind: 'template';
      readonly offset: number;
      readonly name: string;
      readonly pipe?: Pipe | undefined;
    }
  | { readonly kind: 'break' | 'continue'; readonly offset: number };

export interface Branch {
  readonly kind: 'if' | 'with' | 'range';
  readonly offset: number;
  readonly pipe: Pipe;
  readonly body: readonly Node[];
  readonly otherwise?: readonly Node[] | undefined;
}

/** `$x := a | b c`: each command gets the value before it as its last argument. */
export interface Pipe {
  readonly offset: number;
  readonly commands: readonly Command[];
  /** Names with their $. Two at most, and two in a range only. */
  readonly variables: readonly string[];
  /** `=` gives variables that are there another value, `:=` makes new ones. */
  readonly assigns: boolean;
}

export interface Command {
  readonly offset: number;
  /** What is called, if it can be, and its arguments; one at least. */
  readonly operands: readonly [Operand, ...Operand[]];
}

export type Operand =
  | { readonly kind: 'bool'; readonly offset: number; readonly value: boolean }
  | { readonly kind: 'string'; readonly offset: number; readonly value: string }
  | NumberOperand
  | { readonly kind: 'nil' | 'dot'; readonly offset: number }
  | { readonly kind: 'field'; readonly offset: number; readonly names: readonly string[] }
  | {
      readonly kind: 'variable';
      readonly offset: number;
      readonly name: string;
      readonly names: readonly string[];
    }
  | { readonly kind: 'function'; readonly offset: number; readonly name: string }
  | {
      readonly kind: 'chain';
      readonly offset: number;
      readonly of: Operand;
      readonly names: readonly string[];
    }
  | { readonly kind: 'pipe'; readonly offset: number; readonly pipe: Pipe };

export interface NumberOperand {
  readonly kind: 'number';
  readonly offset: number;
  readonly text: string;
  /** Where the number is whole: 1.0 is, too. */
  readonly int?: bigint | undefined;
  readonly float: number;
  /** Written as a float, so it is one where nothing says what is wanted. */
  readonly isFloat: boolean;
}

/** A file's templates by name; the file itself is the one that is rendered. */
export interface Templates {
  readonly root: readonly Node[];
  readonly named: ReadonlyMap<string, readonly Node[]>;
}
