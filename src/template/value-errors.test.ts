import { expect, test } from '@jest/globals';
import { complaintOf } from './sample.ts';

/**
 * Go refuses each of these, too, when it is rendered. Place (line and column) and words are ours.
 */
const cases: readonly (readonly [template: string, complaint: string])[] = [
  ['{{index (json "{}") 1}}', '1:3: index: an int as a key of a map; expected a string'],
  ['{{index nil 1}}', '1:3: index: an index into no value; expected a list or a map; ask with if before'],
  ['{{index .x 1}}', '1:3: index: an index into no value; expected a list or a map; ask with if before'],
  [
    '{{index (split "a" ",") "x"}}',
    '1:3: index: a string as an index; expected an int; atoi makes one of a string',
  ],
  ['{{index (split "a" ",") -1}}', '1:3: index: index -1 is out of range; expected 0 to 0'],
  [
    '{{slice "abc" 2 1}}',
    '1:3: slice: bounds 2 and 1 are in the wrong order; expected the smaller one first',
  ],
  ['{{slice "abc" 1 9}}', '1:3: slice: index 9 is out of range; expected 0 to 3'],
  ['{{slice 3 1}}', `1:3: slice: an int can't be sliced; expected a string or a list`],
  ['{{eq 1 1.0}}', '1:3: eq: an int compared with a float; expected two of a kind'],
  ['{{eq 1 "1"}}', '1:3: eq: an int compared with a string; atoi makes an int of a string'],
  [
    '{{eq (split "a" ",") (split "a" ",")}}',
    `1:3: eq: a list of strings can't be compared; compare its items, or its len`,
  ],
  ['{{lt true false}}', '1:3: lt: a bool is neither less nor greater; expected strings, ints or floats'],
  ['{{lt 1 1.5}}', '1:3: lt: an int compared with a float; expected two of a kind'],
  ['{{eq 1}}', '1:3: eq: nothing to compare with; expected two arguments or more'],
  [
    '{{and 1 0 2}} {{or 0 "" "x"}} {{not 0}} {{and}}',
    '1:43: no arguments for and; expected at least 1 argument',
  ],
  ['{{or}}', '1:3: no arguments for or; expected at least 1 argument'],
  ['{{range $i, $x := 3}}{{$x}}{{end}}', '1:9: two variables for a range over an int; expected one'],
  [
    '{{range "abc"}}{{.}}{{end}}',
    '1:9: range over a string; expected a list, as gets, getvs, ls and split give it, or a map',
  ],
  ['{{range nil}}x{{else}}none{{end}}', '1:9: nil alone says nothing; expected a value'],
  ['{{template "nope"}}', '1:12: there is no template "nope"; expected {{define "nope"}} in the same file'],
  ['{{"a" "b"}}', '1:3: arguments for what is no function; expected a function first, as in printf "%s" .'],
  ['{{1 2}}', '1:3: arguments for what is no function; expected a function first, as in printf "%s" .'],
  ['{{nil}}', '1:3: nil alone says nothing; expected a value'],
  ['{{nil | print}}', '1:3: nil alone says nothing; expected a value'],
  ['{{split "a,b" "," | join}}', '1:21: 1 argument for join; expected 2 arguments'],
  [
    '{{join (jsonArray "[\\"a\\"]") ","}}',
    '1:9: join: a list as an argument; expected a list of strings, as split, getvs and ls give it',
  ],
  [
    '{{join (seq 1 3) ","}}',
    '1:9: join: a list of ints as an argument; expected a list of strings, as split, getvs and ls give it',
  ],
  ['{{toUpper 5}}', '1:11: toUpper: an int as an argument; expected a string'],
  [
    '{{toUpper "straße"}} {{toLower "ÀÉ"}} {{toUpper nil}}',
    '1:49: toUpper: no value as an argument; expected a string',
  ],
  ['{{atoi ""}}', '1:3: atoi: "" is no int; expected digits only, such as 8080'],
  [
    '{{atoi "99999999999999999999"}}',
    '1:3: atoi: "99999999999999999999" is no int; expected digits only, such as 8080',
  ],
  ['{{atoi "1_0"}}', '1:3: atoi: "1_0" is no int; expected digits only, such as 8080'],
  ['{{atoi " 1"}}', '1:3: atoi: " 1" is no int; expected digits only, such as 8080'],
  ['{{parseBool "yes"}}', '1:3: parseBool: "yes" is no bool; expected true, false, t, f, 1 or 0'],
  [
    '{{base64Decode "a"}}',
    '1:3: base64Decode: the text is no base64; expected A-Z, a-z, 0-9, + and /, filled up with =',
  ],
  [
    '{{base64Decode "aGVsbG8"}}',
    '1:3: base64Decode: the text is no base64; expected A-Z, a-z, 0-9, + and /, filled up with =',
  ],
  ['{{div 1 0}}', '1:3: div: a division by zero; expected another divisor; ask with if before'],
  [
    '{{add 1.0 2}} {{add 1.5 2}}',
    '1:21: add: a float as an argument; expected an int; numbers of JSON are floats: atoi (printf "%.0f" …) makes an int of one',
  ],
  ['{{add "1" 2}}', '1:7: add: a string as an argument; expected an int; atoi makes one of a string'],
  [
    '{{$j := json "{\\"p\\":80}"}}{{add $j.p 1}}',
    '1:36: add: a float as an argument; expected an int; numbers of JSON are floats: atoi (printf "%.0f" …) makes an int of one',
  ],
  [
    '{{map}} {{map "a" 1 "b" "x"}} {{map 1 2}}',
    '1:33: map: a key that is no string; expected keys and values in turn: map "name" "x" "port" 80',
  ],
  ['{{(json "{\\"a\\":null}").a.c}}', '1:24: .c of a null in JSON; ask with if or with before'],
  ['{{json "[]"}}', '1:3: json: a list in JSON; expected an object; jsonArray reads arrays'],
  ['{{json "1"}}', '1:3: json: a float in JSON; expected an object; jsonArray reads arrays'],
  [
    '{{json ""}}',
    '1:3: json: the text is no JSON: Unexpected end of JSON input; expected JSON, as its key should hold',
  ],
  ['{{(get "/app/name").Nope}}', '1:20: a pair (Key, Value) has no .Nope; it has .Key and .Value'],
  ['{{(split "a" ",").x}}', '1:18: a list of strings has no .x; expected a map, or a pair as gets gives it'],
  [
    '{{$x := split "a" ","}}{{$x.foo}}',
    '1:28: a list of strings has no .foo; expected a map, or a pair as gets gives it',
  ],
  ['{{(getv "/app/name").foo}}', '1:21: a string has no .foo; json makes a map of JSON'],
  [
    '{{datetime.Nope}}',
    '1:11: a time has no .Nope; it has .Format, .UTC and .Year, .Month, .Day, .Hour, .Minute, .Second, .Nanosecond, .Weekday, .YearDay, .Unix, .UnixNano, .String',
  ],
  [
    '{{sortByLength "x"}}',
    '1:16: sortByLength: a string as an argument; expected a list of strings, as split, getvs and ls give it',
  ],
  [
    '{{sortByLength (gets "/up/*")}}',
    '1:17: sortByLength: a list of pairs as an argument; expected a list of strings, as split, getvs and ls give it',
  ],
  ['{{gets "/up/["}}', '1:3: gets: /up/[ is a malformed pattern; close its [, and write no \\ at its end'],
  ['{{getvs "/a["}}', '1:3: getvs: /a[ is a malformed pattern; close its [, and write no \\ at its end'],
  ['{{exists 5}}', '1:10: exists: an int as an argument; expected a string'],
  ['{{exists}}', '1:3: no arguments for exists; expected 1 argument'],
  ['{{getv "/app/name" 5}}', '1:20: getv: an int as an argument; expected a string'],
  ['{{getv .x}}', '1:8: getv: no value as an argument; expected a string'],
  [
    '{{call 1}}',
    '1:3: call: call of an int; expected a function, of which no value is one; write its name instead',
  ],
  [
    '{{call nil}}',
    '1:3: call: call of no value; expected a function, of which no value is one; write its name instead',
  ],
  [
    '{{(1)}} {{(print 1 2)}} {{(print 1) 2}}',
    '1:28: arguments for what is no function; expected a function first, as in printf "%s" .',
  ],
  [
    '{{template "a" 1 2}}{{define "a"}}{{.}}{{end}}',
    '1:16: arguments for what is no function; expected a function first, as in printf "%s" .',
  ],
  ['{{printf 5}}', '1:10: printf: an int as an argument; expected a string'],
  ['{{printf}}', '1:3: no arguments for printf; expected at least 1 argument'],
  ['{{not}}', '1:3: no arguments for not; expected 1 argument'],
  ['{{not 1 2}}', '1:3: 2 arguments for not; expected 1 argument'],
  ['{{not nil}} {{len nil}}', '1:15: len: no value has no length; expected a string, a list or a map'],
  [
    '{{index (split "a" ",") nil}}',
    '1:3: index: no value as an index; expected an int; atoi makes one of a string',
  ],
  [
    'x\n{{getv "/no"}}\n',
    '2:3: getv: there is no key /no; give a default, getv "/no" "…", or ask first with exists',
  ],
  [
    '{{/* a\n\n */}}\n{{ getv "/q" }}',
    '4:4: getv: there is no key /q; give a default, getv "/q" "…", or ask first with exists',
  ],
  [
    '{{define "t"}}\n{{getv "/zz"}}{{end}}\n{{template "t"}}',
    '2:3: getv: there is no key /zz; give a default, getv "/zz" "…", or ask first with exists',
  ],
  [
    'é{{getv "/q"}}',
    '1:4: getv: there is no key /q; give a default, getv "/q" "…", or ask first with exists',
  ],
  ['\t{{.x.y.z}}{{$a := 1}}{{ $a.b }}', '1:28: an int has no .b; expected a map, or a pair as gets gives it'],
  [
    '{{getv "/none"}}',
    '1:3: getv: there is no key /none; give a default, getv "/none" "…", or ask first with exists',
  ],
  [
    '{{get "/none"}}',
    '1:3: get: there is no key /none; give a default, getv "/none" "…", or ask first with exists',
  ],
  [
    '{{json (getv "/json/bad")}}',
    `1:3: json: the text is no JSON: Expected property name or '}' in JSON at position 1 (line 1 column 2); expected JSON, as its key should hold`,
  ],
  ['{{if eq 1 "1"}}x{{end}}', '1:6: eq: an int compared with a string; atoi makes an int of a string'],
  [
    '{{add (getv "/app/port") 1}}',
    '1:8: add: a string as an argument; expected an int; atoi makes one of a string',
  ],
  ['{{index (getvs "/up/*") 7}}', '1:3: index: index 7 is out of range; expected 0 to 2'],
  [
    '{{range "text"}}{{end}}',
    '1:9: range over a string; expected a list, as gets, getvs, ls and split give it, or a map',
  ],
  ['{{template "none" .}}', '1:12: there is no template "none"; expected {{define "none"}} in the same file'],
  [
    'line 1\nline 2 {{getv "/none"}}',
    '2:10: getv: there is no key /none; give a default, getv "/none" "…", or ask first with exists',
  ],
];

test.each(cases)('%j is refused: %j', (template, complaint) => {
  expect(complaintOf(template)).toBe(complaint);
});
