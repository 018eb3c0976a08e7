import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';

const repository = join(import.meta.dirname, '..', '..');

export interface TestStackOptions {
  /** File of the program, which runs where it lies; the cloud's own small one by default. */
  readonly program?: string;
  /** Of the environment of all that runs on the stack, read anew for each run. */
  readonly variables?: NodeJS.ProcessEnv;
}

/** A stack of a small program in a folder of its own, with the real engine and a plugin of the test cloud. */
export class TestStack {
  readonly #folder = mkdtempSync(join(tmpdir(), 'fl-cloud-'));
  readonly #name = 'test';
  readonly #variables: NodeJS.ProcessEnv;

  /** @param cloud name of a folder of the test cloud, and of its plugin */
  constructor(cloud: string, { program, variables = {} }: TestStackOptions = {}) {
    const here = join(import.meta.dirname, cloud);
    this.#variables = variables;
    mkdirSync(join(this.#folder, 'state'));
    if (program === undefined) cpSync(join(here, 'program'), this.#folder, { recursive: true });
    else
      writeFileSync(join(this.#folder, 'index.ts'), `export { default } from ${JSON.stringify(program)};\n`);
    symlinkSync(join(repository, 'node_modules'), join(this.#folder, 'node_modules'));
    writeFileSync(join(this.#folder, 'package.json'), '{"type": "module"}');
    const project = {
      name: 'sample',
      main: 'index.ts',
      runtime: { name: 'nodejs', options: { typescript: false } },
      plugins: {
        providers: [
          { name: cloud, path: join(here, 'plugin') },
          ...(program === undefined ? [] : [{ name: 'flotilla', path: join(repository, 'provider') }]),
        ],
      },
    };
    writeFileSync(join(this.#folder, 'Pulumi.yaml'), stringify(project));
  }

  async init(): Promise<void> {
    await this.#pulumi('stack', 'init', this.#name);
  }

  async configure(values: Readonly<Record<string, string | number>>): Promise<void> {
    await this.#set('--plaintext', values);
  }

  async configureSecret(values: Readonly<Record<string, string>>): Promise<void> {
    await this.#set('--secret', values);
  }

  /** @throws Error with all it said when it fails */
  up(...args: readonly string[]): Promise<string> {
    return this.run('up', '--yes', '--skip-preview', ...args);
  }

  /** @throws Error with all it said when it fails */
  destroy(...args: readonly string[]): Promise<string> {
    return this.run('destroy', '--yes', '--skip-preview', ...args);
  }

  /** @throws Error with all it said when it fails */
  run(...args: readonly string[]): Promise<string> {
    return this.#pulumi(...args, '--stack', this.#name);
  }

  /** The whole config, with values that are no text such as `{ sshFrom: [] }`. It has no secrets. */
  write(config: Readonly<Record<string, unknown>>): void {
    const file = join(this.#folder, `Pulumi.${this.#name}.yaml`);
    const [salt = ''] = /^encryptionsalt:.*$/m.exec(readFileSync(file, 'utf8')) ?? [];
    writeFileSync(file, `${salt}\n${stringify({ config })}`);
  }

  /** The state as it lies on the disk. */
  state(): string {
    return readFileSync(
      join(this.#folder, 'state', '.pulumi', 'stacks', 'sample', `${this.#name}.json`),
      'utf8',
    );
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true });
  }

  async #set(how: string, values: Readonly<Record<string, string | number>>): Promise<void> {
    const flags = Object.entries(values).flatMap(([key, value]) => [how, `${key}=${value}`]);
    await this.run('config', 'set-all', ...flags);
  }

  #pulumi(...args: readonly string[]): Promise<string> {
    const child = spawn(join(repository, 'bin', 'pulumi'), [...args, '--non-interactive'], {
      cwd: this.#folder,
      env: {
        ...process.env,
        PULUMI_BACKEND_URL: pathToFileURL(join(this.#folder, 'state')).href,
        PULUMI_CONFIG_PASSPHRASE: '',
        TEST_CLOUD_PACE: '0.001',
        ...this.#variables,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const chunks: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        const output = chunks.join('');
        if (code === 0) resolve(output);
        else reject(new Error(`pulumi ${args.join(' ')} ended with ${code}:\n${output}`));
      });
    });
  }
}
