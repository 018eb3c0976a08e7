import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { parseDefinition } from './definition.ts';

const problemsOf = (text: string) => {
  try {
    return parseDefinition('image.yaml', text);
  } catch (error) {
    return String(error);
  }
};

test.each(readdirSync('images'))('images/%s can be used', (name) => {
  const path = `images/${name}/image.yaml`;
  expect(parseDefinition(path, readFileSync(path, 'utf8')).name).toMatch(/^[a-z/]+:/);
});

test('all that is wrong is said at once', () => {
  const text = `
name: nginx
steps: [{packages: [nginx]}, {cmd: x}]
config: {ports: [0], env: {A-B: x}, entry: [a]}
`;
  const said = problemsOf(text);
  for (const word of ['name', 'steps.1', 'config.ports.0', 'config.env', 'config.entry'])
    expect(said).toContain(word);
});

test.each([
  ['copy: {../secret: /etc/x}', 'steps.0'],
  ['copy: {/etc/shadow: /etc/x}', 'steps.0'],
  ['copy: {x: /etc/../../x}', 'steps.0'],
  ['packages: ["nginx; reboot"]', 'steps.0'],
])('a step %s is refused', (step, path) => {
  expect(problemsOf(`name: a:1\nsteps: [{${step}}]`)).toContain(path);
});

test('a file that is no YAML is refused with its line', () => {
  expect(problemsOf('name: a:1\nsteps: [')).toMatch(/image.yaml:2/);
});
