import { describe, expect, test } from '@jest/globals';
import { complaintOf, renderSample } from './sample.ts';

describe('what nobody means ends in a complaint, and not in a machine that hangs or has no memory left', () => {
  test.each([
    ['a template that calls itself', '{{define "a"}}{{template "a"}}{{end}}{{template "a"}}', '400 deep'],
    ['a sequence without an end', '{{range seq 1 99999999999}}{{end}}', 'a sequence of 99999999999 numbers'],
    [
      'a text that doubles',
      '{{$x := "ab"}}{{range seq 1 99}}{{$x = print $x $x}}{{end}}',
      'print: more work than a file is worth',
    ],
    [
      'a replacement that multiplies',
      `{{$x := printf "%999999s" ""}}{{replace $x "" $x -1}}`,
      'replace: a result of more than 16 MiB',
    ],
    [
      'ranges in ranges',
      '{{range seq 1 99999}}{{range seq 1 99999}}{{end}}{{end}}',
      'seq: more work than a file is worth',
    ],
    ['a range over a large number', '{{range 99999999999999}}{{end}}', 'more than 1000000 steps'],
    [
      'a map that is in itself twice, again and again',
      '{{$x := map "a" 1}}{{range seq 1 99}}{{$x = map "a" $x "b" $x}}{{end}}{{$x}}',
      'map: a map of more than 16 MiB',
    ],
    [
      'a map that is in itself, again and again',
      '{{$x := map "a" 1}}{{range seq 1 9999}}{{$x = map "a" $x}}{{end}}{{$x}}',
      'map: maps of more than 500 levels',
    ],
    [
      'a large text that is changed again and again',
      '{{$x := printf "%999999s" ""}}{{range seq 1 9999}}{{$y := replace $x " " "b" -1}}{{end}}',
      'replace: more work than a file is worth',
    ],
    [
      'a large list that is made again and again',
      '{{range seq 1 9999}}{{$y := seq 1 99999}}{{end}}',
      'seq: more work than a file is worth',
    ],
    [
      'a large list that is sorted again and again',
      '{{$x := split (printf "%99999s" "") ""}}{{range seq 1 9999}}{{$y := sortByLength $x}}{{end}}',
      'sortByLength: more work',
    ],
    [
      'a large value that is looked at again and again, and of which nothing is printed',
      '{{$x := map "a" (printf "%999999s" "")}}{{range seq 1 9999}}{{printf "%.0s" $x}}{{end}}',
      'printf: more work',
    ],
    [
      'a large map whose range is left at once, again and again',
      `{{$x := json \`${JSON.stringify({ ...Array.from({ length: 999 }, String) })}\`}}{{range seq 1 99999}}{{range $x}}{{break}}{{end}}{{end}}`,
      'more work than a file is worth',
    ],
    [
      'many keys that are gone through again and again',
      `{{range seq 1 99999}}{{$y := and${' (gets "/*/*")'.repeat(40)}}}{{end}}`,
      'gets: more work',
    ],
    [
      'long pipes again and again',
      `{{range seq 1 99999}}{{$y := 1${' | print'.repeat(999)}}}{{end}}`,
      'print: more work',
    ],
    [
      'long chains of fields again and again',
      `{{$x := "x"}}{{range seq 1 99999}}{{$y := and${' $x'.repeat(999)}}}{{end}}`,
      'more work',
    ],
    ['many variables', '{{$x := 1}}'.repeat(1001), 'more than 1000 variables'],
    ['much text', `{{range seq 1 99999}}${'x'.repeat(999)}{{end}}`, 'more than 16 MiB of text'],
    ['many parentheses', `{{${'('.repeat(101)}`, 'more than 100 parentheses'],
    ['many blocks', '{{if 1}}'.repeat(101), 'more than 100 blocks'],
    ['a long chain of else', `{{if 0}}${'{{else if 0}}'.repeat(200)}{{end}}`, 'more than 100 blocks'],
    ['deep JSON', `{{jsonArray "${'['.repeat(600)}${']'.repeat(600)}"}}`, 'JSON of more than 500 levels'],
  ])('%s', (_, template, words) => {
    expect(complaintOf(template)).toContain(words);
  });

  test('what comes close to a limit renders', () => {
    const deep = `${'{{if 1}}'.repeat(99)}x${'{{end}}'.repeat(99)}`;
    expect(renderSample(deep)).toBe('x');
    expect(renderSample(`{{${'('.repeat(99)}1${')'.repeat(99)}}}`)).toBe('1');
  });
});

describe('where we differ from Go on purpose', () => {
  test('reverse turns every list around', () => {
    expect(renderSample('{{range reverse (gets "/up/*")}}{{base .Key}} {{end}}')).toBe('app2 app10 app1 ');
    expect(renderSample('{{reverse (seq 1 3)}}')).toBe('[3 2 1]');
  });

  test('an assignment to a variable that is not there is a mistake of the template, also where it is never reached', () => {
    expect(complaintOf('{{if false}}{{$x = 1}}{{end}}')).toContain('there is no variable $x');
  });

  test('complex numbers are none', () => {
    expect(complaintOf('{{1i}}')).toContain('1i is not a number');
  });

  test('the time is in UTC and the same throughout a file', () => {
    expect(renderSample('{{datetime}}')).toBe('2023-11-14 22:13:20.12345 +0000 UTC');
  });
});

test('confd’s names of encrypted values say that there are none', () => {
  for (const name of ['cget', 'cgets', 'cgetv', 'cgetvs']) {
    expect(complaintOf(`{{${name} "/a"}}`)).toBe(
      `1:3: ${name} is not there: confd dropped encrypted values; use ${name.slice(1)}`,
    );
  }
});
