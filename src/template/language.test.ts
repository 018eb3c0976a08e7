import { expect, test } from '@jest/globals';
import { renderSample } from './sample.ts';

/**
 * Each is what Go's text/template makes of it.
 */
const cases: readonly (readonly [template: string, text: string])[] = [
  [
    '{{eq "a" "b" "a"}} {{ne 1 2}} {{lt "a" "b"}} {{le 1 1}} {{gt 2.5 1.5}} {{ge 1 2}} {{eq true true}}',
    'true true true true true false true',
  ],
  ['{{eq .x nil}} {{eq nil nil}} {{eq 1 nil}}', 'true true false'],
  ['{{and true}} {{0 | or 1}} {{1 | and 0}}', 'true 1 0'],
  ['{{true | and true}} {{"" | or ""}}x', 'true x'],
  ['{{if 0}}a{{else if ""}}b{{else if 1}}c{{end}}', 'c'],
  ['{{with $x := 5}}{{$x}}{{.}}{{end}}', '55'],
  ['{{with 0}}a{{else with 1}}b{{.}}{{end}}', 'b1'],
  ['{{range 3}}{{.}}{{end}} {{range $x := 3}}{{$x}}{{end}}', '012 012'],
  ['{{range .x}}x{{else}}none{{end}}', 'none'],
  ['{{define "x"}}[{{.}}]{{end}}{{template "x" 5}}{{template "x"}}', '[5][<no value>]'],
  ['{{define "x"}}{{$}}{{.}}{{$y := 3}}{{$y}}{{end}}{{template "x" "a"}}', 'aa3'],
  ['{{block "b" 7}}<{{.}}>{{end}}', '<7>'],
  ['{{define "a"}} {{end}}{{define "a"}}2{{end}}{{template "a"}}', '2'],
  ['{{$x := 1}}{{if 1}}{{$x = 2}}{{$x := 3}}{{$x}}{{end}}{{$x}}', '32'],
  ['{{- "x" -}} y {{- /* c */ -}} z', 'xyz'],
  ['comment */}} x', 'comment */}} x'],
  ['line`}}', 'line`}}'],
  ["{{'a'}} {{'\\n'}} {{'\\x41'}} {{'é'}} {{'\\''}}", '97 10 65 233 39'],
  [
    '{{1_000}} {{0x1F}} {{0b101}} {{0o17}} {{017}} {{1e3}} {{.5}} {{1.}} {{-3}} {{+3}} {{0x1p4}}',
    '1000 31 5 15 15 1000 0.5 1 -3 3 16',
  ],
  ['{{"\\u00e9\\x41\\101\\t\\\\\\""}}', 'éAA\t\\"'],
  ['{{.a.b.c}} {{$.x}}', '<no value> <no value>'],
  ['{{.x 1}}', '<no value>'],
  ['{{ . }}{{$}}', '<no value><no value>'],
  ['{{-3}} {{- 3}} {{3 -}} x', '-33 3x'],
  ['a{{"}}"}}b{{`}}`}}', 'a}}b}}'],
  ['{{- /* a */ -}}', ''],
  ['a\n{{ if true }}\n  x\n{{ end }}\nb', 'a\n\n  x\n\nb'],
  ['{{ if (and (eq 1 1) (or false (not false))) }}ok{{end}}', 'ok'],
  ['{{/* a comment */}}\n{{- /* trimmed */ -}}\n x', 'x'],
];

test.each(cases)('%j renders to %j', (template, text) => {
  expect(renderSample(template)).toBe(text);
});
