import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as z from 'zod';

/** The package as somebody else has it: packed, installed by npm, its types read by tsc, its program by the real engine. */
const repository = join(import.meta.dirname, '..', '..');
const scratch = mkdtempSync(join(tmpdir(), 'fl-pack-'));
const project = join(scratch, 'examples', 'two-clusters');
const program = join(project, 'index.ts');

const preview = z.object({
  steps: z.array(
    z.object({
      op: z.string(),
      urn: z.string(),
      newState: z.object({ inputs: z.record(z.string(), z.unknown()).optional() }).optional(),
    }),
  ),
});

beforeAll(async () => {
  await run('npm', ['pack', '--pack-destination', scratch], repository);
  cpSync(join(repository, 'examples', 'two-clusters'), project, {
    recursive: true,
    filter: (path) => !path.includes('node_modules'),
  });
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], project);
  mkdirSync(join(project, 'state'));
  await pulumi('stack', 'init', 'dev');
}, 600_000);

afterAll(() => rmSync(scratch, { recursive: true }));

/** @throws with all it said when it fails */
async function run(path: string, args: readonly string[], cwd: string, more: NodeJS.ProcessEnv = {}) {
  const bin = join(repository, 'node_modules', '.bin');
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, ...more };
  try {
    return (await promisify(execFile)(path, args, { cwd, env, maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (error) {
    const { stdout, stderr } = z.object({ stdout: z.string(), stderr: z.string() }).parse(error);
    throw new Error(`${path} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  }
}

function pulumi(...args: readonly string[]): Promise<string> {
  return run(join(repository, 'bin', 'pulumi'), [...args, '--non-interactive'], project, {
    PULUMI_BACKEND_URL: pathToFileURL(join(project, 'state')).href,
    PULUMI_CONFIG_PASSPHRASE: '',
    FLOTILLA_HOME: '',
  });
}

/** Previews the program with other texts in the place of some of its own. */
async function previewWith(
  replacements: readonly (readonly [string, string])[],
  ...args: readonly string[]
): Promise<string> {
  const text = readFileSync(program, 'utf8');
  for (const [before] of replacements) expect(text).toContain(before);
  const changed = replacements.reduce((found, [before, after]) => found.replace(before, after), text);
  writeFileSync(program, changed);
  try {
    return await pulumi('preview', ...args, '--stack', 'dev');
  } finally {
    writeFileSync(program, text);
  }
}

test('it has what runs and no source, no test', () => {
  const installed = readdirSync(join(project, 'node_modules', 'flotilla'), {
    recursive: true,
    encoding: 'utf8',
  });
  expect(installed.filter((name) => /(?<!\.d)\.ts$|\.test\.|^(test|bench|src)\b/.test(name))).toEqual([]);
  expect(installed).toContain('dist/src/resources/library.d.ts');
});

test('its types are those of the arguments', async () => {
  const tsc = [join(repository, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.'];
  await run(process.execPath, tsc, project);
  const wrong = join(project, 'wrong.ts');
  writeFileSync(
    wrong,
    "import { Cluster } from 'flotilla';\nnew Cluster('blue', { machines: { core: { count: 'one' } } });\n",
  );
  const config = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext'];
  const said = await run(process.execPath, [...tsc.slice(0, 1), ...config, wrong], project).catch(String);
  rmSync(wrong);
  expect(said).toContain("wrong.ts(2,43): error TS2322: Type 'string' is not assignable to type 'number'");
});

test('the engine finds program and plugin, and each cluster’s resources below its component', async () => {
  const { steps } = preview.parse(JSON.parse(await pulumi('preview', '--json', '--stack', 'dev')));
  const created = steps.map(({ op, urn }) => [op, ...urn.split('::').slice(2)].join(' '));
  const ofCluster = (name: string) => [
    `create flotilla:components:Cluster ${name}`,
    ...[
      'flotilla:index:Agents ~/agents',
      'flotilla:index:EtcdCluster ~/etcd',
      'flotilla:index:Pki ~/pki',
      'flotilla:index:Pki ~/services-pki',
      'flotilla:index:SshKey ~/core-1-first-contact',
      'flotilla:index:SshKey ~/login',
      'flotilla:local:Image ~/debian-13',
      'flotilla:local:Machine ~/core-1',
      'flotilla:local:Machine$flotilla:index:HostKey ~/core-1',
      'flotilla:local:Network ~/network',
    ].map((resource) => `create flotilla:components:Cluster$${resource.replace('~', name)}`),
  ];
  const ofSet = (name: string) => [
    `create flotilla:components:UnitSet ${name}`,
    `create flotilla:components:UnitSet$flotilla:index:UnitSet ${name}`,
  ];
  expect(created.sort()).toEqual(
    [
      'create pulumi:pulumi:Stack two-clusters-dev',
      ...['blue', 'green'].flatMap(ofCluster),
      ...['clock', 'echo'].flatMap(ofSet),
    ].sort(),
  );
}, 300_000);

test('transforms of a component reach what is below it, and nothing else', async () => {
  const transforms = `const disks = {
  transforms: [({ type, props, opts }: pulumi.ResourceTransformArgs) =>
    type === 'flotilla:local:Machine' ? { props: { ...props, disk: 77 }, opts } : undefined],
};
const green =`;
  const said = await previewWith(
    [
      ['const green =', transforms],
      ['?? 0 } },\n}', '?? 0 } },\n}, disks'],
    ],
    '--json',
  );
  const disks = preview
    .parse(JSON.parse(said))
    .steps.filter(({ urn }) => urn.includes('$flotilla:local:Machine::'))
    .map(({ urn, newState }) => [urn.split('::').at(-1), newState?.inputs?.disk]);
  expect(Object.fromEntries(disks)).toEqual({ 'blue/core-1': 8, 'green/core-1': 77 });
}, 300_000);

test.each([
  [
    'count: 1, etcd',
    'count: 2, etcd',
    'Cluster blue: these arguments cannot be used:\n  machines.core.count:',
  ],
  [
    'count: 1,',
    'count: 1, memory: 1048576,',
    'Cluster blue: This computer cannot hold the cluster:\n  machines.core:',
  ],
  ["folders: ['units/clock']", "folders: ['units/clokc']", 'UnitSet clock: These units cannot be run:'],
])(
  '%s → %s ends the program with a line that names the component',
  async (before, after, message) => {
    const said = (await previewWith([[before, after]]).catch(String)).replaceAll(/^ +error: /gm, '');
    expect(said.replaceAll(/\n +/g, '\n  ')).toContain(message);
    expect(said).not.toContain('unhandled');
    expect(said).not.toMatch(/^\s+at /m);
  },
  300_000,
);

test('the command line is there, in whose hands it is: of the project, with the project’s Pulumi', async () => {
  const said = await run('npx', ['flotilla', 'list-units', '--stack', 'dev'], project, {
    PULUMI_BACKEND_URL: pathToFileURL(join(project, 'state')).href,
    PULUMI_CONFIG_PASSPHRASE: '',
  }).catch(String);
  expect(said).toContain('stack dev has no cluster that is up');
}, 300_000);

test('what looks at a clone says that this is none', async () => {
  const said = await run('npx', ['flotilla', 'doctor'], project).catch(String);
  expect(said).toContain('doctor looks at a clone of Flotilla, and this is the installed package');
}, 300_000);
