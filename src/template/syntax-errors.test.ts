import { expect, test } from '@jest/globals';
import { complaintOf } from './sample.ts';

/**
 * Go refuses each of these, too, when it is parsed. Place (line and column) and words are ours.
 */
const cases: readonly (readonly [template: string, complaint: string])[] = [
  [
    '{{with 0}}a{{else if 1}}b{{end}}',
    '1:19: {{else if}} in {{with}}; expected {{else}}, then {{if}} with an {{end}} of its own',
  ],
  ['{{break}}', '1:3: {{break}} outside of a range; expected {{range}} around it'],
  [
    '{{range seq 1 2}}{{template "x"}}{{end}}{{define "x"}}{{break}}{{end}}',
    '1:57: {{break}} outside of a range; expected {{range}} around it',
  ],
  [
    '{{define "a"}}1{{end}}{{define "a"}}2{{end}}',
    '1:25: template "a" is there already; give one of the two another name',
  ],
  [
    '{{if 1}}{{define "a"}}x{{end}}{{end}}',
    '1:11: {{define}} inside of something else; define templates outside of other actions',
  ],
  [
    '{{$x}}',
    '1:3: there is no variable $x; declare it with {{$x := …}} before, in the same block or around it',
  ],
  [
    '{{if 1}}{{$x := 1}}{{end}}{{$x}}',
    '1:29: there is no variable $x; declare it with {{$x := …}} before, in the same block or around it',
  ],
  [
    '{{$x, $y := 1}}',
    '1:3: too many variables in an action; only {{range $key, $value := …}} declares two variables',
  ],
  [
    '{{range $x, $y, $z := 1}}{{end}}',
    '1:13: too many variables in range; only {{range $key, $value := …}} declares two variables',
  ],
  [' {{/* a', '1:4: a comment is not closed; close it with */}}'],
  [
    '{{ /* bad */ }}',
    '1:4: unexpected / in an action; expected }} or another argument, with a space before it',
  ],
  ['{{/* bad */ x}}', '1:12: a comment ends before its action does; write }} right after */'],
  ['{{/* unclosed', '1:3: a comment is not closed; close it with */}}'],
  ['{{"unclosed}}', '1:3: a string is not closed; close it with " on the same line'],
  ['{{`raw', '1:3: a raw string is not closed; close it with `'],
  [`{{'ab'}}`, `1:3: 'ab' is not one character; use double quotes for text`],
  [`{{'a}}`, `1:3: a character is not closed; close it with ' on the same line`],
  ['{{08}}', '1:3: 08 is not a number; a leading 0 makes it octal; leave it out'],
  ['{{1__0}}', '1:3: 1__0 is not a number; expected one like 42, -1, 0x1f or 1.5'],
  [
    '{{99999999999999999999}}',
    '1:3: 99999999999999999999 is too large for an int; expected at most 9223372036854775807',
  ],
  [
    '{{9223372036854775808}}',
    '1:3: 9223372036854775808 is too large for an int; expected at most 9223372036854775807',
  ],
  ['{{1x}}', '1:3: 1x is not a number; expected one like 42, -1, 0x1f or 1.5'],
  ['{{1+2}}', '1:3: 1+2 is not a number; expected one like 42, -1, 0x1f or 1.5'],
  ['{{"\\q"}}', '1:3: \\q means nothing in a string; write \\\\ for a backslash, or use `raw` quotes'],
  ['{{"x" | 5}}', '1:9: a constant after |; expected a function, which gets the value before |'],
  ['{{"abc".x}}', '1:8: a constant has no .x; put parentheses around what has fields'],
  [
    '{{unknown "x"}}',
    '1:3: there is no function unknown; docs/templates.md lists all functions; text needs quotes',
  ],
  ['{{if}}x{{end}}', '1:5: no value for if; expected a key, a variable or a function'],
  ['{{range}}x{{end}}', '1:8: no value for range; expected a key, a variable or a function'],
  ['{{end}}', '1:3: {{end}} has nothing to belong to; expected {{if}}, {{range}} or {{with}} before it'],
  ['{{else}}', '1:3: {{else}} has nothing to belong to; expected {{if}}, {{range}} or {{with}} before it'],
  ['{{if 1}}', '1:9: {{if}} of line 1 is not closed; expected {{end}}'],
  ['{{if 1}}a{{else}}b{{else}}c{{end}}', '1:21: a second {{else}} in {{if}}; expected {{end}}'],
  ['{{if 1}}a{{else if}}b{{end}}', '1:19: no value for if; expected a key, a variable or a function'],
  ['{{}}', '1:3: no value for an action; expected a key, a variable or a function'],
  ['{{ }}', '1:4: no value for an action; expected a key, a variable or a function'],
  ['{{|}}', '1:3: unexpected | in an action; expected }} or another argument, with a space before it'],
  [
    '{{print || print}}',
    '1:10: unexpected | in an action; expected }} or another argument, with a space before it',
  ],
  ['{{(print 1}}', '1:11: a parenthesis is not closed; write ) before }}'],
  ['{{print 1)}}', '1:10: a ) closes nothing; write ( before, or leave it out'],
  ['{{()}}', '1:4: no value for parentheses; expected a key, a variable or a function'],
  ['{{:}}', '1:3: a single : means nothing; write := to declare a variable'],
  ['{{:=}}', '1:3: unexpected := in an action; expected }} or another argument, with a space before it'],
  ['{{$x := }}', '1:9: no value for an action; expected a key, a variable or a function'],
  ['{{@}}', '1:3: unexpected @ in an action; expected }} or another argument, with a space before it'],
  ['{{a.b}}', '1:3: there is no function a; docs/templates.md lists all functions; text needs quotes'],
  ['{{print "a"."b"}}', '1:13: unexpected "\\"" after .; put a space between them'],
  ['{{é := 1}}', '1:3: there is no function é; docs/templates.md lists all functions; text needs quotes'],
  ['{{template}}', '1:11: unexpected }} in {{template}}; expected a string or a raw string'],
  ['{{template 5}}', '1:12: unexpected 5 in {{template}}; expected a string or a raw string'],
  ['{{define}}x{{end}}', '1:9: unexpected }} in {{define}}; expected a string or a raw string'],
  ['{{define "x"}}', '1:15: {{define}} of line 1 is not closed; expected {{end}}'],
  ['{{block "x"}}y{{end}}', '1:12: no value for {{block}}; expected a key, a variable or a function'],
  [`{{print "☃" 'x'}}{{print 0x}}`, '1:26: 0x is not a number; expected one like 42, -1, 0x1f or 1.5'],
  ['{{3-}}', '1:3: 3- is not a number; expected one like 42, -1, 0x1f or 1.5'],
  ['{{true.x}}', '1:7: a constant has no .x; put parentheses around what has fields'],
  ['{{nil.x}}', '1:6: a constant has no .x; put parentheses around what has fields'],
  ['{{continue}}', '1:3: {{continue}} outside of a range; expected {{range}} around it'],
  ['{{if true}}{{break}}{{end}}', '1:14: {{break}} outside of a range; expected {{range}} around it'],
  ['x\n\n  {{ foo }}', '3:6: there is no function foo; did you mean mod?'],
  ['{{if 1}}\n\n', '3:1: {{if}} of line 1 is not closed; expected {{end}}'],
  ['{{ print "a\n" }}', '1:10: a string is not closed; close it with " on the same line'],
  ['a{{ "x" \n', '2:1: an action is not closed; close it with }}'],
  ['{{gett "/app/name"}}', '1:3: there is no function gett; did you mean get?'],
  ['{{cgetv "/app/name"}}', '1:3: cgetv is not there: confd dropped encrypted values; use getv'],
  ['{{$name := 1}}{{$nam}}', '1:17: there is no variable $nam; did you mean $name?'],
  ['{{if true}}x', '1:13: {{if}} of line 1 is not closed; expected {{end}}'],
  [
    '{{getv "/app/name" }',
    '1:20: unexpected } in an action; expected }} or another argument, with a space before it',
  ],
  ['{{if true}}\n{{else}}\n{{else}}\n{{end}}', '3:3: a second {{else}} in {{if}}; expected {{end}}'],
  ['é {{.x | nope}}', '1:10: there is no function nope; did you mean not?'],
];

test.each(cases)('%j is refused: %j', (template, complaint) => {
  expect(complaintOf(template)).toBe(complaint);
});
