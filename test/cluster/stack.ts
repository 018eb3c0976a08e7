import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Document, parseDocument, stringify } from 'yaml';
import * as z from 'zod';
import { Looks } from './looks.ts';
import { type Run, type RunOptions, run } from './run.ts';

const repository = join(import.meta.dirname, '..', '..');

/** A stack in a copy of the clone: state, machines, passphrase and config of its own, gone with the copy. */
export interface Stack {
  /** The copy's root. */
  readonly clone: string;
  /** The folder of the running machines. */
  readonly machines: string;
  configure(config: Config): void;
  /** `npx pulumi …` on this stack; output goes to `log` as it comes. */
  pulumi(args: readonly string[], options?: RunOptions): Promise<Run>;
  /** What `npm run up` does once everything is installed. */
  up(options?: RunOptions): Promise<Run>;
  flotilla(args: readonly string[], options?: RunOptions): Promise<Run>;
  /** The same without a program's start, for who wants to know something of the cluster and not of `flotilla`. */
  look(args: readonly string[]): Promise<Run>;
  outputs(): Promise<Outputs>;
  /** Has Pulumi find a plugin in a folder of the copy instead of the stock one. */
  addPlugin(name: string, folder: string): void;
  /** Has another program run than index.ts, by its path in the copy. */
  setMain(file: string): void;
  mkdir(folder: string): void;
  rm(file: string): void;
  /** Takes the copy away. The machines must be gone by then. */
  remove(): void;
}

/** Keys are Flotilla's, but those with a namespace of their own, `aws:region`. */
export type Config = Readonly<Record<string, unknown>>;

const outputsSchema = z.object({
  machines: z.record(z.string(), z.string()),
  etcd: z.record(z.string(), z.string()),
  units: z.record(z.string(), z.array(z.string())),
  connection: z.object({
    privateKey: z.string(),
    machines: z.array(
      z.object({
        name: z.string(),
        id: z.string(),
        address: z.string(),
        host: z.string(),
        port: z.number(),
        user: z.string(),
        hostKey: z.string(),
      }),
    ),
  }),
});

export type Outputs = z.output<typeof outputsSchema>;

/** `variables` are added to the environment of everything that runs on the stack. */
export function createStack(name: string, config: Config, variables: NodeJS.ProcessEnv = {}): Stack {
  const clone = copyClone();
  const configFile = join(clone, 'stacks', `Pulumi.${name}.yaml`);
  const start = (program: string, args: readonly string[], options: RunOptions = {}) =>
    run(
      join(clone, program),
      args,
      { cwd: clone, env: { ...process.env, ...variables, FLOTILLA_STACK: name } },
      options,
    );
  const looks = new Looks({ clone, name });
  let told: Promise<Outputs> | undefined;
  const forget = async () => {
    told = undefined;
    await looks.forget();
  };
  /** Pulumi changes what the stack has told, and where the machines are. */
  const changing = async (work: () => Promise<Run>): Promise<Run> => {
    await forget();
    try {
      return await work();
    } finally {
      await forget();
    }
  };
  const output = async (): Promise<Outputs> => {
    const args = ['stack', 'output', '--json', '--show-secrets', '--stack', name];
    const { status, output, stdout } = await start('bin/pulumi', args);
    if (status !== 0) throw new Error(`pulumi stack output ended with ${status}: ${output}`);
    return outputsSchema.parse(JSON.parse(stdout));
  };
  const changeProject = (change: (project: Document.Parsed) => void) => {
    const file = join(clone, 'Pulumi.yaml');
    const project = parseDocument(read(file));
    change(project);
    writeFileSync(file, String(project));
  };
  const stack: Stack = {
    clone,
    machines: join(clone, '.flotilla', 'stacks', name, 'machines'),
    configure(next) {
      const salt = /^encryptionsalt:.*$/m.exec(read(configFile))?.[0] ?? '';
      const entries = Object.entries(next).map(([key, value]) => [
        key.includes(':') ? key : `flotilla:${key}`,
        value,
      ]);
      writeFileSync(configFile, `${salt}\n${stringify({ config: Object.fromEntries(entries) })}`);
    },
    pulumi: (args, options) =>
      changing(() => start('bin/pulumi', [...args, '--stack', name, '--non-interactive'], options)),
    up: (options) =>
      changing(() => start('node_modules/.bin/node', ['toolchain/up.ts', '--stack', name], options)),
    flotilla: (args, options) => start('bin/flotilla', args, options),
    look: (args) => looks.flotilla(args),
    outputs() {
      const asked = told ?? output();
      told = asked;
      asked.catch(() => {
        if (told === asked) told = undefined;
      });
      return asked;
    },
    addPlugin(plugin, folder) {
      changeProject((project) => project.addIn(['plugins', 'providers'], { name: plugin, path: folder }));
    },
    setMain(file) {
      changeProject((project) => project.set('main', file));
    },
    mkdir: (folder) => mkdirSync(join(clone, folder), { recursive: true }),
    rm: (file) => rmSync(join(clone, file)),
    remove: () => rmSync(clone, { recursive: true, force: true }),
  };
  stack.configure(config);
  return stack;
}

/** Sources are copied, modules are shared: they are the same and large. */
function copyClone(): string {
  const clone = mkdtempSync(join(tmpdir(), 'fl-'));
  for (const name of readdirSync(repository))
    if (!['node_modules', '.git', '.flotilla'].includes(name))
      cpSync(join(repository, name), join(clone, name), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(clone, 'node_modules'));
  return clone;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
