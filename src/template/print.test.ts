import { expect, test } from '@jest/globals';
import { renderSample } from './sample.ts';

/**
 * Each is what Go's fmt and text/template print.
 */
const cases: readonly (readonly [template: string, text: string])[] = [
  [
    '{{print 1000000.0 123456789.0 1e20 1e21 0.00001 0.0001 1.5 -0.0 100000.0}}',
    '1e+06 1.23456789e+08 1e+20 1e+21 1e-05 0.0001 1.5 -0 100000',
  ],
  [
    '{{printf "%e %E %g %G %f %.3g %.0f %.0f %.1f %8.2f|%-8.2f|%+d|% d|%x|%X|%#x|%o|%#o|%O|%b|%c|%U|%#U|%q" 1.5 1.5 1e-7 1e21 3.0 1234.5678 0.5 2.5 0.25 3.14159 3.14159 5 5 -255 255 255 8 8 8 5 65 65 9731 65}}',
    `1.500000e+00 1.500000E+00 1e-07 1E+21 3.000000 1.23e+03 0 2 0.2     3.14|3.14    |+5| 5|-ff|FF|0xff|10|010|0o10|101|A|U+0041|U+2603 '☃'|'A'`,
  ],
  [
    '{{printf "%5s|%-5s|%05s|%.2s|%5.1s|%q|%x|%X|% x|%#x|%+q|%#q" "ab" "ab" "ab" "abc" "abc" "a\\"b\\n" "hi" "hi" "hi" "hi" "hé" "raw"}}',
    '   ab|ab   |000ab|ab|    a|"a\\"b\\n"|6869|6869|68 69|0x6869|"h\\u00e9"|`raw`',
  ],
  ['{{printf "%d %s %t" "x" 1 "y"}}', '%!d(string=x) %!s(int=1) %!t(string=y)'],
  ['{{printf "%d"}}', '%!d(MISSING)'],
  ['{{printf "%d %d" 1}}', '1 %!d(MISSING)'],
  ['{{printf "x" 1 "a"}}', 'x%!(EXTRA int=1, string=a)'],
  ['{{printf "%" }}', '%!(NOVERB)'],
  ['{{printf "%%"}} {{printf "%z" 1}} {{printf "%!"}}', '% %!z(int=1) %!!(MISSING)'],
  [
    '{{printf "%[2]d %[1]d" 1 2}} {{printf "%[3]d" 1}} {{printf "%*d" 5 42}} {{printf "%-*d|" 5 42}} {{printf "%.*f" 2 3.14159}}',
    '2 1 %!d(BADINDEX)    42 42   | 3.14',
  ],
  ['{{printf "%#v %#v %#v" "a" 1 true}}', '"a" 1 true'],
  ['{{printf "%s %q %d" (split "a b" " ") (split "a b" " ") (seq 1 3)}}', '[a b] ["a" "b"] [1 2 3]'],
  ['{{printf "%v" (json "{\\"b\\":1,\\"a\\":[1,null]}")}}', 'map[a:[1 <nil>] b:1]'],
  ['{{printf "%s" nil}} ', '%!s(<nil>) '],
  ['{{printf "%t %v" true false}} {{printf "%5t|" true}}', 'true false  true|'],
  ['{{printf "%05d %05d %+05d %x" -42 42 42 "é"}}', '-0042 00042 +0042 c3a9'],
  ['{{printf "%6.3d|%-6d|%06d|% 05d" 7 7 -7 7}}', '   007|7     |-00007| 0007'],
  ['{{printf "%s" .x}} {{print .x}} {{print nil}}', '%!s(<nil>) <nil> <nil>'],
  ['{{"x" | printf "%s-%s" "y"}}', 'y-x'],
  ['{{$x := json "{\\"a\\":null}"}}{{print $x.a}} {{if $x.a}}y{{else}}n{{end}}', '<nil> n'],
  [
    '{{(datetime).Format "2006"}} {{$d := datetime}}{{$d.Format "2006"}} {{datetime | printf "%s"}}',
    '2023 2023 2023-11-14 22:13:20.12345 +0000 UTC',
  ],
  [
    '{{html "<a href=\'x\'>&\\"" }} {{js "it\'s \\"<b>\\" = é\\n"}} {{urlquery "a b&c/é?=\'()*!~"}} {{html 1 2 "a"}}',
    '&lt;a href=&#39;x&#39;&gt;&amp;&#34; it\\\'s \\"\\u003Cb\\u003E\\" \\u003D é\\u000A a+b%26c%2F%C3%A9%3F%3D%27%28%29%2A%21~ 1 2a',
  ],
  [
    '{{print 1 2}} {{print "a" 1 2 "b"}} {{println 1 "a"}} {{print}} {{print true false}} {{print 1.5 2}}',
    '1 2 a1 2b 1 a\n  true false 1.5 2',
  ],
  ['{{print | }}', ''],
  ['{{$x:=1}}{{$x}} {{$y := 1 | print}}{{$y}}', '1 1'],
  ['{{print .a.b "x" .c}}', '<nil>x<nil>'],
  ['{{print "a"|print "b"}}', 'ba'],
  ['{{"a" | printf "%s %s" | print}}', 'a %!s(MISSING)'],
  ['{{$x := "a"}}{{$x | print "b"}}', 'ba'],
  [
    '{{printf "%s" (datetime)}} {{printf "%d" (split "1" ",")}} {{printf "%v" nil}}',
    '2023-11-14 22:13:20.12345 +0000 UTC [%!d(string=1)] <nil>',
  ],
  [
    '{{printf "%v|%5v|%-5v|%05v" 1 2 3 4}} {{printf "%6v|%-6v|" "ab" "ab"}} {{printf "%8v" 1.5}} {{printf "%08.3f" -3.14159}}',
    '1|    2|3    |00004     ab|ab    |      1.5 -003.142',
  ],
  [
    '{{printf "%+.2e" 12345.678}} {{printf "%g" 100000.0}} {{printf "%g" 1000000.0}} {{printf "%.3g" 1000000.0}} {{printf "%G" 1e-10}} {{printf "%6.2f%%" 99.5}}',
    '+1.23e+04 100000 1e+06 1e+06 1E-10  99.50%',
  ],
  ['{{printf "%s %v" (json "{\\"a\\":1}") (json "{\\"a\\":\\"b\\"}")}}', 'map[a:%!s(float64=1)] map[a:b]'],
  [`{{printf "%c%c" 72 105}} {{printf "%q" 'x'}} {{printf "%U" 128051}}`, `Hi 'x' U+1F433`],
  ['{{printf "%x %X" (split "ab cd" " ") "xyz"}}', '[6162 6364] 78797A'],
  [
    '{{printf "%t" 1}} {{printf "%f" 1}} {{printf "%d" 1.5}} {{printf "%d" nil}}',
    '%!t(int=1) %!f(int=1) %!d(float64=1.5) %!d(<nil>)',
  ],
  [
    '{{printf "%10.3s|" "abcdef"}} {{printf "%-10s|" "é"}} {{printf "%.0s|" "x"}} {{printf "%.s|" "x"}}',
    '       abc| é         | | |',
  ],
  ['{{print "a" nil "b"}} {{print .x .y}}', 'a<nil>b <nil> <nil>'],
  ['{{ print\n 1 }}', '1'],
  [
    '{{range lsdir "/services"}}{{.}}:{{range gets (printf "/services/%s/*" .)}}{{(json .Value).host}} {{end}};{{end}}',
    'db:h3 ;web:h1 h2 ;',
  ],
];

test('a plus before v names fields and is no sign', () => {
  expect(renderSample('{{printf "%+v %+v %+d" (get "/app/name") 1 1}}')).toBe(
    '{Key:/app/name Value:shop} 1 +1',
  );
  expect(renderSample('{{printf "%+v" (gets "/app/n*")}}')).toBe('[{Key:/app/name Value:shop}]');
  expect(renderSample('{{printf "%+5d" "x"}}')).toBe('%!d(string=    x)');
});

test('a precision that is no number is left out', () => {
  expect(renderSample('{{printf "%.*f" "x" 1.5}}')).toBe('%!(BADPREC)1.500000');
});

test.each(cases)('%j prints %j', (template, text) => {
  expect(renderSample(template)).toBe(text);
});
