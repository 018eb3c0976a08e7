import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileGlob, matchesGlob } from '../unit/glob.ts';
import { Effort } from './effort.ts';
import { KeyStore } from './key-store.ts';
import { placeAt } from './place.ts';
import { quote } from './quote.ts';
import { parseTemplate, render } from './render.ts';
import { sampleKeys } from './sample.ts';
import { TemplateError } from './template-error.ts';
import { unquote } from './unquote.ts';

const keys = () => new KeyStore(Object.entries(sampleKeys));

/** What a template comes to: its text, or its complaint. Anything else that is thrown fails the test. */
function outcomeOf(text: string): string {
  try {
    return `text ${render(parseTemplate({ file: 't', text }), { keys: keys() })}`;
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    expect(error.line).toBeLessThanOrEqual(text.split('\n').length);
    expect(error.column).toBeGreaterThan(0);
    expect(error.fix).not.toBe('');
    return error.message;
  }
}

const operands = [
  ...[
    '.',
    '$',
    '$x',
    '.Key',
    '.a.b',
    'nil',
    'true',
    '1',
    '-1.5',
    "'a'",
    '"s"',
    '"%d %s %v"',
    '`r`',
    '0x',
    '9e999',
  ],
  ...[
    '(get "/app/name")',
    '(gets "/up/*")',
    '(getvs "/up/*")',
    '(ls "/db")',
    '(seq 1 3)',
    '(map "a" 1)',
    '(json "{}")',
  ],
  ...['(jsonArray "[1,null]")', '(split "a,b" ",")', 'datetime', '(index . 0)'],
];
const names = [
  ...[
    'get',
    'gets',
    'getv',
    'getvs',
    'exists',
    'ls',
    'lsdir',
    'base',
    'dir',
    'split',
    'join',
    'map',
    'json',
    'jsonArray',
  ],
  ...[
    'getenv',
    'datetime',
    'toUpper',
    'contains',
    'replace',
    'trimSuffix',
    'lookupIP',
    'lookupSRV',
    'fileExists',
  ],
  ...[
    'base64Encode',
    'base64Decode',
    'parseBool',
    'reverse',
    'sortByLength',
    'sortKVByLength',
    'add',
    'div',
    'mod',
    'seq',
  ],
  ...[
    'atoi',
    'and',
    'or',
    'not',
    'len',
    'index',
    'slice',
    'print',
    'printf',
    'println',
    'html',
    'js',
    'urlquery',
    'call',
  ],
  ...['eq', 'ne', 'lt', 'le', 'gt', 'ge'],
];
const word = fc.constantFrom(...operands, ...names);
const pieces = fc.constantFrom(
  ...[
    '{{',
    '}}',
    '{{- ',
    ' -}}',
    '{{/*',
    '*/}}',
    '{{end}}',
    '{{else}}',
    '{{if ',
    '{{range ',
    '{{with ',
    '{{define "a"}}',
  ],
  ...[
    '{{template "a" .}}',
    '{{block "b" .}}',
    '{{break}}',
    '{{continue}}',
    '$x := ',
    '$i, $x := ',
    ' = ',
    ' | ',
    '(',
    ')',
  ],
  ...[' ', '\n', 'text', 'é\u{1f433}', '"', '`', "'", '\\', ',', ':', '\0'],
);

/** Bits of templates in any order: most are malformed somewhere. */
const anyTemplate = fc.array(
  fc.oneof({ weight: 2, arbitrary: pieces }, word, fc.string({ unit: 'grapheme', maxLength: 3 })),
  {
    maxLength: 25,
  },
);

const call = fc.tuple(
  fc.constantFrom(...names),
  fc.array(fc.constantFrom(...operands.filter((each) => !['$x', '0x', '9e999'].includes(each))), {
    maxLength: 4,
  }),
);
const pipe = fc
  .array(call, { minLength: 1, maxLength: 3 })
  .map((calls) => calls.map(([name, values]) => [name, ...values].join(' ')).join(' | '));

/** Templates without a mistake of syntax, which fail, if at all, on what their values are. */
const { wellFormed } = fc.letrec<{ wellFormed: string; node: string }>((tie) => ({
  wellFormed: fc.array(tie('node'), { maxLength: 4 }).map((nodes) => nodes.join('')),
  node: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('text\n', '{{/* comment */}}', '{{$x := 1}}{{$x}}'),
    pipe.map((each) => `{{${each}}}`),
    fc
      .tuple(fc.constantFrom('if', 'with', 'range'), pipe, tie('wellFormed'), tie('wellFormed'))
      .map(
        ([keyword, value, body, otherwise]) => `{{${keyword} ${value}}}${body}{{else}}${otherwise}{{end}}`,
      ),
    fc
      .tuple(pipe, tie('wellFormed'))
      .map(([value, body]) => `{{range $k, $v := ${value}}}${body}{{$k}}{{end}}`),
  ),
}));

describe('any text', () => {
  test('renders, or is refused with a place in it, and the same again', () => {
    fc.assert(
      fc.property(anyTemplate, (parts) => {
        const text = parts.join('');
        expect(outcomeOf(text)).toBe(outcomeOf(text));
      }),
      { numRuns: 1500 },
    );
  });

  test('between {{ and }} is refused or rendered, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.array(word, { maxLength: 6 }),
        fc.string({ unit: 'binary', maxLength: 8 }),
        (words, junk) => {
          outcomeOf(`{{${words.join(' ')}${junk}}}`);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('without {{ stays what it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.includes('{{'));
        expect(outcomeOf(text)).toBe(`text ${text}`);
      }),
    );
  });
});

test('what is well formed parses, and rendering it ends in text or in a complaint', () => {
  fc.assert(
    fc.property(wellFormed, (text) => {
      parseTemplate({ file: 't', text });
      expect(outcomeOf(text)).toBe(outcomeOf(text));
    }),
    { numRuns: 1000 },
  );
});

test('a string that is quoted and read again is the same', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.boolean(), (text, ascii) => {
      expect(unquote(quote(text, '"', ascii))).toBe(text);
      expect(outcomeOf(`{{${quote(text)}}}`)).toBe(`text ${text}`);
    }),
  );
});

test('ints print and read back, and go round at 64 bits', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (a, b) => {
      const sum = BigInt.asIntN(64, a + b);
      expect(outcomeOf(`{{add (atoi "${a}") (atoi "${b}")}} {{printf "%d" ${a}}}`)).toBe(`text ${sum} ${a}`);
    }),
  );
});

test('gets finds what a look at every key would find', () => {
  const part = fc.constantFrom('a', 'ab', 'b', 'é');
  const key = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join('/')}`);
  const pattern = fc
    .array(fc.constantFrom('/', '*', '?', 'a', 'b', '[ab]', 'é'), { maxLength: 6 })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.uniqueArray(key), pattern, (all, glob) => {
      const found = new KeyStore(all.map((each) => [each, 'x']))
        .matching(glob, new Effort())
        .map(({ fields }) => fields.get('Key'));
      expect(found).toEqual(all.filter((each) => matchesGlob(compileGlob(glob), each)).sort());
    }),
  );
});

test('a place is where the text before it ends', () => {
  expect(placeAt('ab\ncé\u{1f433}d', 'ab\ncé\u{1f433}'.length)).toEqual({ line: 2, column: 4 });
  expect(placeAt('', 0)).toEqual({ line: 1, column: 1 });
});
