import { describe, expect, test } from '@jest/globals';
import { KeyStore } from '../template/key-store.ts';
import { parseTemplate } from '../template/render.ts';
import { LocalLookups, type Lookups, renderWith } from './lookups.ts';

const asked: string[] = [];
const names: Readonly<Record<string, readonly string[]>> = {
  web: ['10.0.0.2', '10.0.0.1', 'fd00::1'],
  next: ['web'],
};

const lookups: Lookups = {
  now: () => 0n,
  env: () => undefined,
  fileExists: () => false,
  async addresses(name) {
    asked.push(name);
    if (name === 'dead') throw new Error('queryA ETIMEOUT dead');
    return names[name] ?? (name.startsWith('chain') ? [`${name}x`] : []);
  },
  async services(service, protocol, name) {
    const record = (target: string) => ({ target: `${target}.`, port: 80, priority: 1, weight: 2 });
    return service === 'http' && protocol === 'tcp' && name === 'shop' ? ['b', 'a'].map(record) : [];
  },
};

async function rendered(text: string): Promise<string> {
  asked.length = 0;
  return renderWith(parseTemplate({ file: 't.tmpl', text }), new KeyStore([]), lookups);
}

describe('lookups', () => {
  test.each([
    ['{{lookupIP "web"}}', '[10.0.0.1 10.0.0.2 fd00::1]'],
    ['{{lookupIPV4 "web"}} {{lookupIPV6 "web"}}', '[10.0.0.1 10.0.0.2] [fd00::1]'],
    ['{{range lookupIP "none"}}x{{else}}none{{end}}', 'none'],
    [
      '{{range lookupSRV "http" "tcp" "shop"}}{{.Target}}:{{.Port}} {{.Priority}} {{.Weight}};{{end}}',
      'a.:80 1 2;b.:80 1 2;',
    ],
    ['{{lookupSRV "x" "tcp" "shop"}}', '[]'],
    ['{{index (lookupIP "web") 0}}', '10.0.0.1'],
  ])('%s is %s', async (text, result) => {
    expect(await rendered(text)).toBe(result);
  });

  test('each name is asked for once, and one may lead to the next', async () => {
    expect(await rendered('{{lookupIP "web"}}{{range lookupIP "next"}}{{lookupIP .}}{{end}}')).toContain(
      '10.0.0.1',
    );
    expect(asked).toEqual(['web', 'next']);
  });

  test('nobody to ask is an error: an empty answer would empty the file', async () => {
    await expect(rendered('{{range lookupIP "dead"}}x{{end}}')).rejects.toThrow('ETIMEOUT');
  });

  test('names without an end are given up', async () => {
    const text = `{{$n := "chain"}}{{range seq 1 20}}{{range lookupIP $n}}{{$n = .}}{{end}}{{end}}`;
    await expect(rendered(text)).rejects.toThrow('t.tmpl looks up names again and again');
  });
});

test('this machine knows its own files, environment and addresses', async () => {
  const local = new LocalLookups({ HOME: '/home/x' });
  expect(local.env('HOME')).toBe('/home/x');
  expect(['constructor', 'toString', '__proto__'].map((name) => local.env(name))).toEqual(
    Array(3).fill(undefined),
  );
  expect(new LocalLookups(process.env).env('constructor')).toBeUndefined();
  expect([local.fileExists('/'), local.fileExists('/no/such/file')]).toEqual([true, false]);
  expect(await local.addresses('127.0.0.1')).toEqual(['127.0.0.1']);
  expect(await local.addresses('::1')).toEqual(['::1']);
  expect(local.now()).toBeGreaterThan(1_700_000_000_000_000_000n);
});
