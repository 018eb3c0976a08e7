/** Words that mean something to the language itself. */
export const keywords = [
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'nil',
  'range',
  'template',
  'with',
] as const;

export type Keyword = (typeof keywords)[number];

export type TokenKind =
  | Keyword
  | 'assign'
  | 'bool'
  | 'char'
  | 'comma'
  | 'declare'
  | 'dot'
  | 'end of file'
  | 'error'
  | 'field'
  | 'identifier'
  | 'left delimiter'
  | 'left paren'
  | 'number'
  | 'pipe'
  | 'raw string'
  | 'right delimiter'
  | 'right paren'
  | 'space'
  | 'string'
  | 'symbol'
  | 'text'
  | 'variable';

export interface Token {
  readonly kind: TokenKind;
  /** As written; of an error what is wrong. */
  readonly text: string;
  readonly offset: number;
  /** Of an error: what was expected. */
  readonly fix?: string;
}
