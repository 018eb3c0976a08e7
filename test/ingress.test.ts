import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { loadUnits } from '../src/resources/units.ts';
import { KeyStore } from '../src/template/key-store.ts';
import { parseTemplate, render } from '../src/template/render.ts';
import { parseResource } from '../src/template/resource.ts';

/** units/ingress, as far as it can be held without nginx: bench/ingress.ts has that. */
const folder = 'units/ingress';
const read = (name: string) => readFileSync(`${folder}/${name}`, 'utf8');
const file = 'nginx.conf.tmpl';
const template = parseTemplate({ file, text: read(file) });
const resource = parseResource('ingress.toml', read('ingress.toml'));

const configOf = (keys: Record<string, string>) =>
  render(template, { keys: new KeyStore(Object.entries(keys), resource) });

const services = {
  '/flotilla/services/app/core-1:app@1.service': '10.0.0.1:9000',
  '/flotilla/services/app/core-2:app@2.service': '10.0.0.2:9000',
  '/flotilla/services/db/core-2:db.service': '10.0.0.2:5432',
  '/flotilla/services/ingress/core-1:ingress.service': '10.0.0.1:80',
};

/** The lines of the block that begins with this line. */
function block(config: string, begin: string): string[] {
  const lines = config.split('\n').map((line) => line.trim());
  const at = lines.indexOf(begin);
  return at < 0 ? [] : lines.slice(at + 1, lines.indexOf('}', at));
}

test('its units and template are sound', () => {
  const names = loadUnits([folder], { serviceKeys: [], templateKeys: ['/ingress/'] }).map(({ name }) => name);
  expect(names).toEqual(['ingress-folder.service', 'ingress.service']);
});

test('each service has its instances, its path and its host', () => {
  const config = configOf(services);
  expect(block(config, 'upstream app {')).toEqual([
    'server 10.0.0.1:9000 max_fails=2 fail_timeout=5s; # core-1:app@1.service',
    'server 10.0.0.2:9000 max_fails=2 fail_timeout=5s; # core-2:app@2.service',
    '# Once all are left out, they are asked three times all the same: who is busy is late, and 502 would be no answer.',
    ...[1, 2, 3].flatMap(() => [
      'server 10.0.0.1:9000 max_fails=0 backup;',
      'server 10.0.0.2:9000 max_fails=0 backup;',
    ]),
  ]);
  expect(block(config, 'location /db/ {')).toEqual(['proxy_pass http://db/;']);
  expect(config).toContain('server_name app.*;');
});

test('it is no service of its own', () => {
  expect(configOf(services)).not.toContain('upstream ingress');
});

test('everything else goes to the service of /ingress/default, if somebody offers it', () => {
  const last = (config: string) => config.slice(config.lastIndexOf('location / {'));
  expect(last(configOf(services))).toContain('return 404');
  expect(last(configOf({ ...services, '/ingress/default': 'gone' }))).toContain('return 404');
  expect(last(configOf({ ...services, '/ingress/default': 'db' }))).toContain('proxy_pass http://db;');
});

test('braces match, whatever is there', () => {
  for (const keys of [{}, services, { ...services, '/ingress/default': 'app' }]) {
    const config = configOf(keys);
    expect(config.split('{').length).toBe(config.split('}').length);
    expect(config).toContain('location = /.ingress/health {');
  }
});
