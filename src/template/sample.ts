import { KeyStore } from './key-store.ts';
import { nothingOutside } from './outside.ts';
import { parseTemplate, render } from './render.ts';
import { TemplateError } from './template-error.ts';

/** Keys of a small shop, for tests. */
export const sampleKeys: Readonly<Record<string, string>> = {
  '/app/name': 'shop',
  '/app/port': '8080',
  '/app/debug': 'true',
  '/app/empty': '',
  '/db/host': 'db1',
  '/db/replicas/a': '10.0.0.1',
  '/db/replicas/b': '10.0.0.2',
  '/db/replicas/c/zone': 'z1',
  '/up/app1': '10.1.0.1:80',
  '/up/app10': '10.1.0.10:80',
  '/up/app2': '10.1.0.2:80',
  '/top': 't',
  '/json/obj': '{"a":1,"b":[true,null,"s"],"f":1.5,"n":null}',
  '/json/bad': '{oops',
  '/services/web/1': '{"host":"h1","port":1}',
  '/services/web/2': '{"host":"h2","port":2}',
  '/services/db/1': '{"host":"h3","port":3}',
};

const outside = nothingOutside({
  now: () => 1_700_000_000_123_450_000n,
  env: (name) => (name === 'HOME' ? '/home/x' : undefined),
  fileExists: (path) => path === '/etc',
});

export function renderSample(text: string): string {
  const keys = new KeyStore(Object.entries(sampleKeys));
  return render(parseTemplate({ file: 't.tmpl', text }), { keys, outside });
}

/** `line:column: what is wrong; what to do`. Undefined for what renders. */
export function complaintOf(text: string): string | undefined {
  try {
    renderSample(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return error.message.replace('t.tmpl:', '');
  }
}
