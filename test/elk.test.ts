import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parseDefinition } from '../src/packaged-image/definition.ts';
import { loadUnits } from '../src/resources/units.ts';
import { KeyStore } from '../src/template/key-store.ts';
import { parseTemplate, render } from '../src/template/render.ts';
import { parseResource } from '../src/template/resource.ts';

/** units/elk, as far as it can be held without machines: bench/elk.ts has that. */
const folder = 'units/elk';
const read = (name: string) => readFileSync(join(folder, name), 'utf8');
const unitFiles = readdirSync(folder).filter((name) => name.endsWith('.service'));
/** Which `docker run` of the unit takes. */
const imageOf = (name: string) => /^ +((?:elk\/)?[a-z]+:[\d.]+)\b/m.exec(read(name))?.[1];

test.each([[[folder, 'units/ingress']], [[folder, 'units/ingress', 'units/elk-official']]])(
  '%j are accepted, and see services and the ingress’s own keys only',
  (folders) => {
    const units = loadUnits(folders, { serviceKeys: [], templateKeys: ['/ingress/'] });
    expect(units.filter(({ name }) => name.startsWith('app@'))).toHaveLength(5);
  },
);

test('each image that a unit names is one that images/ makes', () => {
  const named = unitFiles.map(imageOf);
  const made = readdirSync('images').map((name) => {
    const path = join('images', name, 'image.yaml');
    return parseDefinition(path, readFileSync(path, 'utf8')).name;
  });
  expect(made).toEqual(expect.arrayContaining(named));
});

test('each unit waits until its image is on its machine', () => {
  for (const name of unitFiles) {
    const image = imageOf(name);
    expect([name, image]).toEqual([name, /^Image=(.*)$/m.exec(read(name))?.[1]]);
    expect(image).toBeDefined();
  }
});

const services = {
  '/flotilla/services/elasticsearch/search-1:elasticsearch.service': '10.0.0.3:9200',
  '/flotilla/services/logstash/core-1:logstash.service': '10.0.0.1:10101',
};

/** What the resource makes of these keys. */
function made(resource: string, keys: Readonly<Record<string, string>>): string {
  const view = parseResource(resource, read(resource));
  const template = parseTemplate({ file: view.src, text: read(view.src) });
  return render(template, { keys: new KeyStore(Object.entries(keys), view) });
}

test('each finds the next one by its service', () => {
  expect(made('filebeat.toml', services)).toContain('hosts: ["10.0.0.1:10101"]');
  expect(made('logstash-env.toml', services).split('\n').slice(-2)).toEqual([
    'ELASTICSEARCH_URL=https://10.0.0.3:9200',
    '',
  ]);
  expect(made('kibana.toml', services)).toContain('ELASTICSEARCH_HOSTS=https://10.0.0.3:9200\n');
});

test.each(['filebeat.toml', 'logstash-env.toml', 'kibana.toml'])(
  '%s fails while the next one is away, so that its last address stays',
  (resource) => expect(() => made(resource, {})).toThrow(),
);

test('no secret stands in a unit or a template', () => {
  for (const name of readdirSync(folder)) expect(read(name)).not.toMatch(/password=\w/i);
});
