import { KeyStore } from '../src/template/key-store.ts';
import { parseTemplate, render } from '../src/template/render.ts';
import type { Benchmark } from './benchmark.ts';
import { atMost, median } from './figures.ts';

const keys = 1000;
/** Of which the median counts; some more go before them for the compiler. */
const runs = 50;
const warmUps = 10;

/** As ingress has it: 50 services of 20 instances, each with JSON as its value. */
const stored = Array.from({ length: keys }, (_, at): [string, string] => {
  const value = {
    host: `10.0.${at % 200}.${Math.floor(at / 200)}`,
    port: 8000 + (at % 20),
    weight: 1 + (at % 3),
  };
  return [`/services/app-${Math.floor(at / 20)}/${at % 20}`, JSON.stringify(value)];
});

const texts: Readonly<Record<string, string>> = {
  'each key once, by getvs': `upstream all {
{{- range getvs "/services/*/*"}}
  server {{.}};
{{- end}}
}
`,
  'each key by its service, with JSON': `{{range $service := lsdir "/services"}}upstream {{$service}} {
{{- range gets (printf "/services/%s/*" $service)}}{{$at := json .Value}}
  server {{$at.host}}:{{$at.port}} weight={{$at.weight}}; # {{base .Key}}
{{- else}}
  server 127.0.0.1:1;
{{- end}}
}
{{end}}`,
};

export const templatesParts = ['render'];

/** From 1,000 keys as the store gives them, to text: what each change of a key costs a machine. */
export const templates: Benchmark = async (report) => {
  for (const [name, text] of Object.entries(texts)) {
    const template = parseTemplate({ file: 'bench.tmpl', text });
    const times = Array.from({ length: warmUps + runs }, () => {
      const start = performance.now();
      render(template, { keys: new KeyStore(stored) });
      return performance.now() - start;
    }).slice(warmUps);
    report(`render of ${keys} keys, ${name}`, atMost(median(times), 20, 'ms'));
  }
};
