import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from '@jest/globals';

/**
 * Which folder may import which, or which single file of it, and what from outside. A folder may always import itself
 * and `src/model`.
 * Tests are free, since they hold layers against each other. Where a row differs from the first design, and decision
 * 0009 does not say why, a comment does.
 */
const allowed: Readonly<Record<string, { folders: readonly string[]; packages: readonly string[] }>> = {
  // zod: what goes over wires and into the store is a schema, and its type follows from it. path: where a stack's folder
  // is, which toolchain, plugin and platforms have to agree on.
  'src/model': { folders: [], packages: ['zod', 'node:util', 'node:path'] },
  // units.yaml is parsed here; addresses follow from a hash; write-schema.ts is a program of its own, the only I/O.
  // What an image's name is, images know. public-key: a host key that is named twice is compared by its fingerprint.
  'src/config': {
    folders: ['src/image/reference.ts', 'src/ssh/public-key.ts'],
    packages: ['zod', 'yaml', 'node:crypto', 'node:fs'],
  },
  'src/plan': { folders: ['src/config'], packages: [] },
  // What an image's name is, images know.
  'src/unit': { folders: ['src/image/reference.ts'], packages: ['node:crypto'] },
  // Globs are the unit options' own, and so are time spans. Paths are texts to node:path; a hash tells files apart. A
  // template resource is TOML, parsed here. Templates travel within unit files.
  'src/template': {
    folders: [
      'src/unit/glob.ts',
      'src/unit/time-span.ts',
      'src/unit/attached-templates.ts',
      'src/unit/flotilla-options.ts',
      'src/unit/parse.ts',
    ],
    packages: ['smol-toml', 'zod', 'node:path', 'node:crypto'],
  },
  // What a rendered file becomes on its machine: all of templates that does anything.
  // Time, and how to wait, are the store's, as in the agent.
  'src/template-sync': {
    folders: ['src/template', 'src/store/clock.ts', 'src/store/backoff.ts'],
    packages: ['node:*'],
  },
  'src/scheduler': { folders: ['src/unit'], packages: [] },
  // first-contact: where the lasting host key is configured, for the unit that would make others.
  'cloud-config': {
    folders: ['src/plan', 'src/etcd', 'src/ssh/first-contact.ts'],
    packages: ['yaml', 'node:util'],
  },
  // p-retry: a machine that boots refuses connections for a while.
  'src/ssh': { folders: [], packages: ['ssh2', 'p-retry', 'node:*'] },
  // A machine's key is made on the machine, by a command. x509 needs its polyfill of metadata.
  'src/pki': { folders: ['src/ssh'], packages: ['@peculiar/x509', 'reflect-metadata', 'node:*'] },
  // store: who may write which key goes by its names for them, and access is given through its gRPC client.
  // program: what etcd is taken from, where it is sent.
  'src/etcd': {
    folders: ['src/ssh', 'src/pki', 'src/store', 'src/programs/program.ts'],
    packages: ['node:*'],
  },
  'src/programs': { folders: ['src/ssh'], packages: ['node:*'] },
  // etcd's protocol is a .proto for protobufjs, which needs long for ids of 64 bits; zod reads what the keys hold.
  'src/store': { folders: [], packages: ['@grpc/*', 'protobufjs', 'long', 'zod', 'node:*'] },
  // What is on a host is read and changed over SSH; the record of it that lies there is parsed. The fake host unpacks
  // what is written to it.
  // The key of the first login is a file of the operator's. release: which hosts etcd can be sent to, and where it lies.
  'src/hosts': {
    folders: ['src/ssh', 'src/etcd/release.ts', 'src/programs/program.ts'],
    packages: ['zod', 'node:*'],
  },
  // An archive is read in place by tar-stream; esbuild makes one text of what runs on machines while a push lasts.
  // Why a machine builds or does not is told in sizes.
  'src/image': {
    folders: ['src/ssh', 'src/qemu/prune-limits.ts'],
    packages: ['zod', 'tar-stream', 'esbuild', 'node:*'],
  },
  // Images are built as machines' are, by mmdebstrap, and kept as those; their files are YAML, explained as the config's.
  'src/packaged-image': {
    folders: ['src/image', 'src/qemu', 'src/config/explain.ts'],
    packages: ['zod', 'yaml', 'tar-stream', 'node:*'],
  },
  // zod reads what QEMU's monitor answers.
  'src/qemu': { folders: [], packages: ['zod', 'yaml', 'node:*'] },
  // zod reads the agents' replies. The store is theirs alone: whoever pushes asks an agent.
  'src/push': { folders: ['src/unit', 'src/ssh', 'src/pki'], packages: ['zod', 'node:*'] },
  // It makes its own bundle, with esbuild, and hears systemd over D-Bus. pki: it asks for certificates of services, looks
  // at what it gets, and signs them where it leads. images: agents hand them to each other.
  'src/agent': {
    folders: [
      'src/unit',
      'src/scheduler',
      'src/store',
      'src/template',
      'src/template-sync',
      'src/image',
      'src/pki/authority.ts',
      'src/pki/service-leaf.ts',
      'src/pki/signing-request.ts',
    ],
    packages: ['zod', 'esbuild', 'dbus-native', 'node:*'],
  },
  // Within the agent, rows of their own: systemd knows nothing of clusters, and none of them is built upon the API.
  // The fake of systemd keeps the store's time.
  'src/agent/systemd': {
    folders: ['src/unit', 'src/store/clock.ts'],
    packages: ['zod', 'dbus-native', 'node:*'],
  },
  // grace: what a fenced unit waits for here is what the engine waits for there, the same seconds. offered: templates
  // see the services that the API tells of, checked in the same way. zod: what is remembered of templates is parsed.
  'src/agent/machine': {
    folders: [
      'src/unit',
      'src/scheduler',
      'src/store',
      'src/agent/systemd',
      'src/agent/image',
      'src/template',
      'src/template-sync',
      'src/pki/service-leaf.ts',
      'src/pki/signing-request.ts',
      'src/agent/engine/grace.ts',
      'src/agent/engine/offered.ts',
      'src/agent/log.ts',
      'src/agent/pulse.ts',
    ],
    packages: ['zod', 'node:*'],
  },
  // images: what the relays of a push are made of serves between agents too.
  'src/agent/image': {
    folders: ['src/unit', 'src/store', 'src/image', 'src/agent/log.ts', 'src/agent/pulse.ts'],
    packages: ['node:*'],
  },
  // session: who leads does so for as long as its machine is a member. A second opinion is a connection.
  'src/agent/engine': {
    folders: [
      'src/unit',
      'src/scheduler',
      'src/store',
      'src/agent/session.ts',
      'src/agent/log.ts',
      'src/agent/pulse.ts',
    ],
    packages: ['node:net'],
  },
  'src/agent/api': {
    folders: [
      'src/unit',
      'src/scheduler',
      'src/store',
      'src/template',
      'src/agent/engine',
      'src/agent/log.ts',
      'src/image/reference.ts',
    ],
    packages: ['zod', 'node:*'],
  },
  // config: the stack's config chooses the platform. Of a cloud's SDK the modules that are used, never the whole. zlib:
  // AWS takes little user data. fs: whether there are files with credentials. net: whether a firewall's ranges
  // hold an address.
  // crypto: a hash tells names apart that a cloud's letters, and its limit, make the same.
  'src/platform': {
    folders: ['src/config', 'src/plan', 'cloud-config', 'src/hosts', 'src/qemu'],
    packages: [
      '@pulumi/pulumi',
      '@pulumi/aws/*',
      '@pulumi/digitalocean/*',
      'node:crypto',
      'node:fs',
      'node:net',
      'node:zlib',
    ],
  },
  // Units are checked before anything is registered, with their templates, and so is a bastion, over SSH.
  'src/resources': {
    folders: ['src/config', 'src/plan', 'src/platform', 'src/ssh', 'src/template', 'src/unit'],
    packages: ['@pulumi/pulumi', 'node:*'],
  },
  // Named one by one, since it needs neither config, plan, platform nor store: its inputs come over gRPC.
  'src/provider': {
    folders: [
      'src/agent',
      'src/etcd',
      'src/hosts',
      'src/image',
      'src/pki',
      'src/programs',
      'src/push',
      'src/qemu',
      'src/scheduler',
      'src/ssh',
      'src/unit',
      'cloud-config',
    ],
    packages: ['@pulumi/*', '@grpc/grpc-js', 'google-protobuf/*', 'zod', 'node:*'],
  },
  // It asks what preflight asks, of each platform by its own rules, and never Pulumi's program: no resource is near.
  'src/doctor': {
    folders: [
      'src/config',
      'src/plan',
      'src/etcd/cluster.ts',
      'src/etcd/files.ts',
      'src/hosts',
      'src/pki/inspect.ts',
      'src/platform/aws/credentials.ts',
      'src/platform/aws/preflight.ts',
      'src/platform/digitalocean/preflight.ts',
      'src/platform/hosts/asked-host.ts',
      'src/platform/local/preflight.ts',
      'src/push/http.ts',
      'src/qemu',
      'src/ssh',
    ],
    packages: ['zod', 'yaml', 'node:*'],
  },
  // qemu: `flotilla cache` lists and prunes what local machines start from. yaml: keys for a template to try out.
  'src/cli': {
    folders: [
      'src/unit',
      'src/ssh',
      'src/push',
      'src/image',
      'src/qemu',
      'src/doctor',
      'src/template',
      'src/template-sync/lookups.ts',
    ],
    packages: ['commander', 'yaml', 'zod', 'node:*'],
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
    /(?:^|\s)(?:import|export)\s(?:[^'";]*?from\s+)?'([^']+)'|import\(\s*'([^']+)'\s*\)/g,
  );
  return [...statements].map(([, from, dynamic]) => from ?? dynamic ?? '');
}

function matches(name: string, pattern: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** `place` is a folder, or a single file. */
function isWithin(name: string, place: string): boolean {
  return name === place || name.startsWith(`${place}/`);
}

/** What stands between a file's import and the table, or undefined. */
function breach(folder: string, file: string, name: string): string | undefined {
  const rule = allowed[folder];
  if (!name.startsWith('.'))
    return rule?.packages.some((pattern) => matches(name, pattern)) ? undefined : `${file} imports ${name}`;
  const target = normalize(join(dirname(file), name));
  const within = [folder, 'src/model', ...(rule?.folders ?? [])];
  return within.some((each) => isWithin(target, each)) ? undefined : `${file} imports ${target}`;
}

test('every folder imports only what the table allows', () => {
  const breaches = folders.flatMap((folder) =>
    sources(folder).flatMap((file) => importsOf(file).map((name) => breach(folder, file, name))),
  );
  expect(breaches.filter((each) => each !== undefined)).toEqual([]);
});

test('every permission of the table is used', () => {
  const unused = Object.entries(allowed).flatMap(([folder, rule]) => {
    const used = sources(folder).flatMap((file) =>
      importsOf(file).map((name) => (name.startsWith('.') ? normalize(join(dirname(file), name)) : name)),
    );
    return [
      ...rule.packages.filter((pattern) => !used.some((name) => matches(name, pattern))),
      ...rule.folders.filter((target) => !used.some((name) => isWithin(name, target))),
    ].map((each) => `${folder} → ${each}`);
  });
  expect(unused).toEqual([]);
});

test('every source folder has a row in the table', () => {
  const present = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders).toEqual(expect.arrayContaining(present.map((entry) => `src/${entry.name}`)));
});

test('no imports go in a circle', () => {
  const graph = new Map(
    ['src', 'cloud-config', 'bench', 'test', 'toolchain'].flatMap(sources).map((file) => {
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
