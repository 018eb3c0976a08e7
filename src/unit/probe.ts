import type { Probe } from '../model/flotilla-options.ts';
import { type Misreading, type Reading, read } from './reading.ts';
import { splitWords } from './words.ts';

/** `Ready=` in `[X-Flotilla]`. `expand` replaces specifiers: in `exec` after the words were split, as systemd does. */
export function readProbe(text: string, expand: (text: string) => string): Reading<Probe> {
  const [, kind = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  const reader = Object.hasOwn(readers, kind) ? readers[kind] : undefined;
  return reader?.(rest, expand) ?? misread('a probe that is known', forms);
}

const forms = 'write http :8080/path, tcp :5432, exec /path/to/program argument, or notify';

function misread(expected: string, fix: string): Misreading {
  return { rule: 'probe', expected, fix };
}

type ProbeReader = (rest: string, expand: (text: string) => string) => Reading<Probe>;

const readers: Readonly<Record<string, ProbeReader>> = {
  http: (rest, expand) => {
    const { port, path } = readAddress(expand(rest));
    if (port === undefined) return misread('an http probe of this machine', 'write http :8080/health');
    return read({ kind: 'http', port, path: path === '' ? '/' : path });
  },
  tcp: (rest, expand) => {
    const { port, path } = readAddress(expand(rest));
    if (port === undefined || path !== '') return misread('a tcp probe of this machine', 'write tcp :5432');
    return read({ kind: 'tcp', port });
  },
  exec: (rest, expand) => {
    const argv = splitWords(rest)?.map(expand);
    if (argv?.[0]?.startsWith('/')) return read({ kind: 'exec', argv });
    const fix = 'write exec /path/to/program and its arguments; close all quotes';
    return misread('a program with its full path', fix);
  },
  notify: (rest) =>
    rest === '' ? read({ kind: 'notify' }) : misread('a probe that is known', 'write notify alone'),
};

/** `:8080/health`. The machine is never named: a probe asks the machine the unit is on. */
function readAddress(text: string): { port?: number; path: string } {
  const [, digits = '', path = ''] = /^:([1-9][0-9]{0,4})(\/[!-~]*)?$/.exec(text) ?? [];
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? { port, path } : { path };
}
