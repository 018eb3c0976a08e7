import { LineCounter, parseDocument } from 'yaml';
import { InvalidInput, type Problem } from '../model/problem.ts';

/**
 * Keys and values from a file: full keys (`/app/port: 8080`), or maps in maps (`app: {port: 8080}`), or both. A value is
 * the text as it is written, so 1.10 stays 1.10.
 *
 * @throws InvalidInput with all that is wrong
 */
export function parseKeys(file: string, text: string): [string, string][] {
  const lines = new LineCounter();
  const document = parseDocument(text, { schema: 'failsafe', lineCounter: lines, prettyErrors: false });
  const problems = document.errors.map(({ message, pos: [offset] }): Problem => {
    const { line, col } = lines.linePos(offset);
    return {
      path: `${file}:${line}:${col}`,
      problem: `this is no YAML: ${message}`,
      fix: 'write lines like /app/port: 8080',
    };
  });
  const found = problems.length > 0 ? [] : entriesOf(document.toJS(), '', problems, file);
  if (problems.length > 0) throw new InvalidInput(`The keys in ${file} cannot be used:`, problems);
  return found;
}

function entriesOf(value: unknown, path: string, problems: Problem[], file: string): [string, string][] {
  if (typeof value === 'string' && path !== '') return [[path, value]];
  if (value === null || value === undefined) return path === '' ? [] : [[path, '']];
  if (typeof value === 'object' && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([key, each]) => entriesOf(each, joined(path, key), problems, file));
  }
  const problem = `${path || 'the whole'} is ${Array.isArray(value) ? 'a list' : JSON.stringify(value)}`;
  problems.push({ path: file, problem, fix: 'give each item a key of its own, or write JSON in quotes' });
  return [];
}

function joined(path: string, key: string): string {
  return `${path}/${key.replace(/^\/+/, '')}`;
}
