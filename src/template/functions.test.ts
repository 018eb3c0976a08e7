import { expect, test } from '@jest/globals';
import { renderSample } from './sample.ts';

/**
 * Each is what confd's functions give for the keys of `sample.ts`.
 */
const cases: readonly (readonly [template: string, text: string])[] = [
  [
    '{{index "abc" 0}} {{index (split "a,b" ",") 1}} {{index (json "{\\"a\\":{\\"b\\":5}}") "a" "b"}} {{index (json "{}") "x"}}',
    '97 b 5 <no value>',
  ],
  [
    '{{slice "héllo" 0 1}} {{slice (split "a,b,c" ",") 1}} {{slice (split "a,b,c" ",") 1 2}} {{slice "abc"}}',
    'h [b c] [b] abc',
  ],
  ['{{eq (get "/app/name") (get "/app/name")}}', 'true'],
  ['{{if and (exists "/app/name") (eq (getv "/app/name") "shop")}}y{{end}}', 'y'],
  ['{{range $i, $e := split "a,b" ","}}{{$i}}={{$e}} {{end}}', '0=a 1=b '],
  ['{{range $k, $v := json "{\\"b\\":1,\\"a\\":2}"}}{{$k}}={{$v}} {{end}}', 'a=2 b=1 '],
  ['{{range json "{\\"b\\":1,\\"a\\":2}"}}{{.}} {{end}}', '2 1 '],
  ['{{range seq 1 5}}{{if eq . 3}}{{continue}}{{end}}{{if eq . 5}}{{break}}{{end}}{{.}}{{end}}', '124'],
  ['{{range getvs "/none/*"}}x{{else}}none{{end}}', 'none'],
  ['{{range $i := split "a,b" ","}}{{$i}}{{end}}', 'ab'],
  ['{{$i := 9}}{{range $i = split "a,b" ","}}{{.}}{{end}}{{$i}}', 'abb'],
  ['{{9223372036854775807}} {{add 9223372036854775807 1}}', '9223372036854775807 -9223372036854775808'],
  ['{{"a,b" | split ","}}', '[,]'],
  ['{{join (split "a,b" ",") "-"}} {{join (getvs "/up/*") ","}}', 'a-b 10.1.0.10:80,10.1.0.1:80,10.1.0.2:80'],
  [
    '{{replace "a-b-c" "-" "_" -1}} {{replace "a-b-c" "-" "_" 1}} {{replace "abc" "" "." -1}} {{replace "abc" "" "." 2}} {{replace "aaa" "a" "b" 0}}',
    'a_b_c a_b-c .a.b.c. .a.bc aaa',
  ],
  ['{{contains "abc" "b"}} {{trimSuffix "a.txt" ".txt"}} {{trimSuffix "a" ""}}', 'true a a'],
  [
    '{{base "/a/b/"}} {{base ""}} {{base "/"}} {{base "a"}} {{dir "/a/b"}} {{dir "a"}} {{dir ""}} {{dir "/a/../b/c"}} {{dir "/"}} {{dir "//a//b//"}}',
    'b . / a /a . . /b / /a/b',
  ],
  ['{{split "" ","}}|{{split "" ""}}|{{split "héé" ""}}', '[]|[]|[h é é]'],
  ['{{atoi "12"}} {{atoi "-3"}} {{atoi "+4"}} ', '12 -3 4 '],
  ['{{base64Decode "aGVs\\nbG8="}} {{base64Encode ""}} {{base64Decode ""}}', 'hello  '],
  ['{{add (atoi "1") 2 | mul 3}}', '9'],
  ['{{seq 3 1}} {{len (seq 3 1)}}', '[] 0'],
  ['{{$m := map "a" (split "x y" " ")}}{{range $m.a}}{{.}}{{end}}', 'xy'],
  ['{{(index (jsonArray "[{\\"n\\":\\"x\\"}]") 0).n}}', 'x'],
  [
    '{{(json "{\\"a\\":null}").a}} {{(json "{\\"a\\":null}").b}} {{(json "{\\"a\\":null}").b.c}}',
    '<no value> <no value> <no value>',
  ],
  ['{{range jsonArray "[null,1]"}}[{{.}}]{{end}}', '[<no value>][1]'],
  ['{{json "null"}} {{jsonArray "null"}} ', 'map[] [] '],
  [
    '{{datetime}} {{datetime.Year}} {{datetime.Format "Jan 2, 2006 at 3:04pm (MST)"}} {{datetime.Unix}} {{datetime.Month}} {{datetime.Weekday}} {{datetime.YearDay}}',
    '2023-11-14 22:13:20.12345 +0000 UTC 2023 Nov 14, 2023 at 10:13pm (UTC) 1700000000 November Tuesday 318',
  ],
  [
    '{{datetime.Format "Mon Monday January 01 02 _2 002 15 03 04 05 06 PM .000 .999 -0700 -07:00 Z07:00 Z0700 -07 2006-01-02T15:04:05.000Z"}}',
    'Tue Tuesday November 11 14 14 318 22 10 13 20 23 PM .123 .123 +0000 +00:00 Z Z +00 2023-11-14T22:13:20.123Z',
  ],
  ['{{sortByLength (split "ccc,a,bb" ",")}} {{sortByLength (ls "/up")}}', '[a bb ccc] [app1 app2 app10]'],
  ['{{$x := split "b,a" ","}}{{reverse $x}}{{$x}}', '[a b][a b]'],
  [
    '{{reverse (sortKVByLength (gets "/up/*"))}}',
    '[{/up/app10 10.1.0.10:80} {/up/app2 10.1.0.2:80} {/up/app1 10.1.0.1:80}]',
  ],
  [
    '{{lsdir "/db/"}} {{lsdir "/services"}} {{lsdir "/services/"}} {{lsdir ""}} {{lsdir "/d"}} {{lsdir "/db/replicas"}}',
    '[replicas] [db web] [db web] [] [] [c]',
  ],
  [
    '{{gets "/up/app[12]"}} {{gets "/up/app[^1]"}} {{gets "/up/app\\\\1"}} {{gets "*"}} {{gets "/*"}} {{gets ""}} {{gets "/*/app1"}}',
    '[{/up/app1 10.1.0.1:80} {/up/app2 10.1.0.2:80}] [{/up/app2 10.1.0.2:80}] [{/up/app1 10.1.0.1:80}] [] [{/top t}] [] [{/up/app1 10.1.0.1:80}]',
  ],
  ['{{ if eq (getv "/app/port") "8080" -}} yes {{- else -}} no {{- end }}.', 'yes.'],
  ['{{range $i, $k := ls "/up"}}{{if $i}},{{end}}{{$k}}{{end}}', 'app1,app10,app2'],
  ['{{with get "/app/name"}}{{.Key}}:{{.Value}}{{base .Key}}{{end}}', '/app/name:shopname'],
  [
    '{{range gets "/services/*/*"}}{{$d := json .Value}}{{base .Key}} {{$d.host}}:{{$d.port}}{{"\\n"}}{{end}}',
    '1 h3:3\n1 h1:1\n2 h2:2\n',
  ],
  ['{{range seq 1 2}}{{range seq 1 2}}{{break}}{{end}}{{.}}{{end}}', '12'],
  ['{{range $i, $c := seq 1 3}}{{$i}}{{$c}}{{else}}e{{end}}', '011223'],
  ['{{range seq 1 3 -}}\n  {{.}}\n{{- end}}\n', '123\n'],
  ['{{"xxxxx"|base|dir}}', '.'],
  ['{{get "/app/name"}} {{(get "/app/name").Key}}', '{/app/name shop} /app/name'],
  [
    '{{range gets "/app/*"}}{{.Key}}={{.Value}};{{end}}',
    '/app/debug=true;/app/empty=;/app/name=shop;/app/port=8080;',
  ],
  ['{{getv "/app/name"}} {{getv "/none" "d"}} [{{getv "/app/empty" "d"}}]', 'shop d []'],
  ['{{getvs "/app/*"}}', '[ 8080 shop true]'],
  ['{{exists "/app/name"}} {{exists "/app"}} {{exists "/none"}}', 'true false false'],
  [
    '{{ls "/"}} {{lsdir "/"}} {{ls "/db"}} {{ls "/db/"}} {{lsdir "/db"}} {{ls "/app/name"}} {{ls ""}}',
    '[top] [] [host replicas] [host replicas] [replicas] [name] []',
  ],
  [
    '{{$j := json (getv "/json/obj")}}{{$j.a}} {{$j.b}} {{$j.f}} {{$j.n}} {{$j.none}}',
    '1 [true <nil> s] 1.5 <no value> <no value>',
  ],
  ['{{getenv "HOME"}} {{getenv "NONE"}}|{{getenv "NONE" "d"}}', '/home/x |d'],
  ['{{if fileExists "/etc"}}there{{end}}', 'there'],
  ['{{len "héllo"}} {{len (ls "/up")}} {{slice "héllo" 0 3}}', '6 3 hé'],
  ['{{range $i, $v := getvs "/up/*"}}{{if $i}},{{end}}{{$v}}{{end}}', '10.1.0.10:80,10.1.0.1:80,10.1.0.2:80'],
  ['{{with getv "/app/empty"}}has{{else}}empty{{end}}', 'empty'],
  ['{{range gets "/none/*"}}x{{else}}none{{end}}', 'none'],
  [
    '{{define "server"}}server {{.Value}};{{end}}{{range gets "/up/*"}}{{template "server" .}}{{end}}',
    'server 10.1.0.1:80;server 10.1.0.10:80;server 10.1.0.2:80;',
  ],
  ['{{define "row"}}{{.name}}={{.at}}{{end}}{{template "row" (map "name" "a" "at" 1)}}', 'a=1'],
  ['{{$n := 0}}{{range seq 1 4}}{{$n = add $n .}}{{end}}{{$n}}', '10'],
  ['{{range seq 1 2}}{{range seq 3 4}}{{.}}{{end}}{{.}}{{end}}', '341342'],
  ['{{mul 3 4}} {{div 7 2}} {{mod -7 2}} {{sub 1 5}}', '12 3 -1 -4'],
  ['{{if or (exists "/none") (exists "/top")}}yes{{end}}', 'yes'],
  ['{{if not (exists "/none")}}no{{end}}', 'no'],
];

test.each(cases)('%j gives %j', (template, text) => {
  expect(renderSample(template)).toBe(text);
});
