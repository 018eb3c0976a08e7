import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from '@jest/globals';

/**
 * Which folder may import which, and what from outside. A folder may always import itself and `src/model`.
 * Tests are free, since they hold layers against each other.
 */
const allowed: Readonly<Record<string, { folders: readonly string[]; packages: readonly string[] }>> = {
  'src/model': { folders: [], packages: ['node:util'] },
  'src/config': { folders: [], packages: ['zod', 'yaml', 'node:crypto', 'node:fs'] },
  'src/plan': { folders: ['src/config'], packages: [] },
  'src/unit': { folders: [], packages: ['node:crypto'] },
  'src/scheduler': { folders: ['src/unit'], packages: [] },
  'cloud-config': { folders: ['src/plan', 'src/etcd'], packages: ['yaml', 'node:util'] },
  'src/ssh': { folders: [], packages: ['ssh2', 'p-retry', 'node:*'] },
  'src/pki': { folders: ['src/ssh'], packages: ['ssh2', '@peculiar/x509', 'node:*'] },
  'src/etcd': { folders: ['src/ssh', 'src/pki', 'src/unit', 'src/store'], packages: ['node:*'] },
  'src/store': { folders: [], packages: ['@grpc/*', 'protobufjs', 'long', 'zod', 'node:*'] },
  'src/qemu': { folders: [], packages: ['yaml', 'node:*'] },
  'src/push': { folders: ['src/unit', 'src/ssh', 'src/pki'], packages: ['zod', 'node:*'] },
  'src/agent': {
    folders: ['src/unit', 'src/scheduler', 'src/store'],
    packages: ['zod', 'esbuild', 'dbus-native', 'node:*'],
  },
  'src/platform': {
    folders: ['src/config', 'src/plan', 'cloud-config', 'src/qemu'],
    packages: ['@pulumi/pulumi', 'node:*'],
  },
  'src/resources': {
    folders: ['src/config', 'src/plan', 'src/platform', 'src/unit', 'cloud-config'],
    packages: ['@pulumi/pulumi', 'node:*'],
  },
  'src/provider': {
    folders: [
      'src/agent',
      'src/etcd',
      'src/pki',
      'src/push',
      'src/qemu',
      'src/scheduler',
      'src/ssh',
      'src/unit',
      'cloud-config',
    ],
    packages: ['@pulumi/*', '@grpc/grpc-js', 'google-protobuf/*', 'zod', 'node:*'],
  },
  'src/cli': {
    folders: ['src/config', 'src/unit', 'src/ssh', 'src/push', 'src/qemu'],
    packages: ['commander', 'zod', 'node:*'],
  },
};

const folders = Object.keys(allowed);

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(folder, name));
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8').replace(/^\s*(\/\/|\*).*$/gm, '');
  const statements = text.matchAll(
    /(?:^|\s)(?:import|export)\s[^'";]*?from\s+'([^']+)'|import\(\s*'([^']+)'\s*\)/g,
  );
  return [...statements].map(([, from, dynamic]) => from ?? dynamic ?? '');
}

function matches(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** What stands between a file's import and the table, or undefined. */
function breach(folder: string, file: string, name: string): string | undefined {
  const rule = allowed[folder];
  if (!name.startsWith('.'))
    return rule?.packages.some((pattern) => matches(name, pattern)) ? undefined : `${file} imports ${name}`;
  const target = normalize(join(dirname(file), name));
  const within = [folder, 'src/model', ...(rule?.folders ?? [])];
  return within.some((each) => target === each || target.startsWith(`${each}/`))
    ? undefined
    : `${file} imports ${target}`;
}

test('every folder imports only what the table allows', () => {
  const breaches = folders.flatMap((folder) =>
    sources(folder).flatMap((file) => importsOf(file).map((name) => breach(folder, file, name))),
  );
  expect(breaches.filter((each) => each !== undefined)).toEqual([]);
});

test('every source folder has a row in the table', () => {
  const present = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders).toEqual(expect.arrayContaining(present.map((entry) => `src/${entry.name}`)));
});

test('no imports go in a circle', () => {
  const graph = new Map(
    folders.flatMap(sources).map((file) => {
      const local = importsOf(file).filter((name) => name.startsWith('.'));
      return [file, local.map((name) => normalize(join(dirname(file), name)))];
    }),
  );
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) throw new Error(`imports in a circle: ${[...path, file].join(' → ')}`);
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
});
