/** Decides by a `.dockerignore` what belongs to a build's context. */
export interface Dockerignore {
  /** Whether the path, relative to the context, is left out. */
  excludes(path: string): boolean;
  /** Whether something below a folder that is left out may belong to the context all the same. */
  readonly hasExceptions: boolean;
}

interface Rule {
  readonly pattern: RegExp;
  readonly exception: boolean;
}

/**
 * As Docker reads it (github.com/moby/patternmatcher): the last rule that matches counts, a rule for a folder is one for
 * all below it, and paths begin at the context, with or without a slash.
 *
 * @throws SyntaxError for a pattern that is none
 */
export function parseDockerignore(text: string): Dockerignore {
  const rules = text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.trim())
    .map(ruleOf)
    .filter((rule) => rule !== undefined);
  return {
    hasExceptions: rules.some(({ exception }) => exception),
    excludes(path) {
      const parents = prefixesOf(path);
      const last = rules.findLast(({ pattern }) => parents.some((each) => pattern.test(each)));
      return last !== undefined && !last.exception;
    },
  };
}

/** `a/b/c` is matched by whatever matches `a`, `a/b` or itself. */
function prefixesOf(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.map((_, count) => parts.slice(0, count + 1).join('/'));
}

function ruleOf(line: string): Rule | undefined {
  const exception = line.startsWith('!');
  const path = clean(exception ? line.slice(1).trim() : line);
  if (path === '') return undefined;
  try {
    return { pattern: new RegExp(`^${expressionOf(path)}$`, 's'), exception };
  } catch (cause) {
    throw new SyntaxError(`.dockerignore: ${line} is no pattern; see to its brackets`, { cause });
  }
}

/** Go's filepath.Clean, without the slash at the front. The context itself can't be left out, so `.` is nothing. */
function clean(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

const tokens = /\*\*\/|\*\*|\*|\?|\[(?:\\.|[^\]\\])*\]|\\.|./gsu;

function expressionOf(path: string): string {
  return path.replace(tokens, (token) => {
    if (token === '**/') return '(?:.*/)?';
    if (token === '**') return '.*';
    if (token === '*') return '[^/]*';
    if (token === '?') return '[^/]';
    if (token.startsWith('[') && token.length > 1) return token;
    return literal(token.length > 1 && token.startsWith('\\') ? token.slice(1) : token);
  });
}

function literal(text: string): string {
  // A bracket that nothing closes is a mistake for Docker too.
  return text === '[' ? '[' : text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
