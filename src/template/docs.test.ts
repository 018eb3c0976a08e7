import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseKeys } from '../cli/keys-file.ts';
import { functionNames } from './functions.ts';
import { KeyStore } from './key-store.ts';
import { nothingOutside } from './outside.ts';
import { parseTemplate, render } from './render.ts';
import { parseResource } from './resource.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/templates.md'), 'utf8');
const block = (language: string) =>
  new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(page)?.[1] ?? '';
const rows = [...page.matchAll(/^\| `\w+` \| .* \| `(\{\{.*\}\})` \| `(.*)` \|$/gm)];

const outside = nothingOutside({
  env: (name) => (name === 'HOME' ? '/root' : undefined),
  fileExists: (path) => path === '/etc/passwd',
  now: () => 1_760_000_000_000_000_000n,
});

describe('docs/templates.md', () => {
  test.each(rows.map(([, template = '', result = '']) => [template, result]))(
    '%s gives %s',
    (text, result) => {
      const keys = new KeyStore(parseKeys('keys.yaml', block('yaml')));
      expect(render(parseTemplate({ file: 't', text }), { keys, outside })).toBe(result);
    },
  );

  test('its example renders to what it shows', () => {
    const [, text = ''] = /^# nginx\.conf\.tmpl\n(.*?)^```$/ms.exec(page) ?? [];
    const keys = new KeyStore(parseKeys('keys.yaml', block('yaml')));
    expect(text).not.toBe('');
    expect(page).toContain(render(parseTemplate({ file: 't', text }), { keys }));
  });

  test('its resource is one', () => {
    expect(parseResource('nginx.toml', block('toml'))).toMatchObject({
      dest: '/etc/nginx/nginx.conf',
      mode: 0o644,
    });
  });

  test.each([...functionNames])('has %s', (name) => {
    expect(page).toMatch(new RegExp(`\`${name}\``));
  });

  test('has a row for each of confd’s functions that need no name server', () => {
    expect(rows.length).toBeGreaterThan(30);
  });
});
