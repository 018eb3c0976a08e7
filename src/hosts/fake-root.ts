import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { Command } from '../ssh/connection.ts';

/** Programs that would change this computer, or are not on each: they only note that they were called. */
const noted = [
  ...['systemctl', 'apt-get', 'dpkg', 'dpkg-query', 'ip', 'sync', 'chown'],
  ...['useradd', 'usermod', 'userdel', 'groupadd', 'groupdel', 'gpasswd', 'getent', 'id'],
];

/** Folders of a host's that scripts have in their text, their arguments and their input. */
const hostPath = /(?<![\w.$}"/-])\/(?=(?:etc|opt|run|usr\/local|var|home)(?:\/|\b))/g;

/** A folder that stands for a host's root: the host's scripts run in it by this computer's own shell. */
export class FakeRoot {
  readonly folder: string;
  readonly #programs: string;
  readonly #calls: string;

  /** @param played bodies of programs, by name; the others say nothing and end well */
  constructor(played: Readonly<Record<string, string>> = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'host-root-'));
    this.#programs = join(this.folder, 'played');
    this.#calls = join(this.folder, 'calls');
    mkdirSync(this.#programs);
    for (const name of [...noted, ...Object.keys(played)]) this.play(name, played[name] ?? '');
    for (const path of ['/etc', '/opt', '/run', '/home']) mkdirSync(this.path(path));
  }

  play(name: string, body: string): void {
    const file = join(this.#programs, name);
    writeFileSync(file, `#!/bin/sh\necho "${name} $*" >>${this.#calls}\n${body}\n`);
    chmodSync(file, 0o755);
  }

  path(path: string): string {
    return join(this.folder, path);
  }

  put(path: string, contents: string | Buffer, mode = 0o644): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), contents);
    chmodSync(this.path(path), mode);
  }

  has(path: string): boolean {
    return lstatSync(this.path(path), { throwIfNoEntry: false }) !== undefined;
  }

  read(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  /** Lines of what was called, with its arguments. */
  calls(): readonly string[] {
    return existsSync(this.#calls) ? readFileSync(this.#calls, 'utf8').trim().split('\n') : [];
  }

  /** @param length bytes of its input that arrive; all by default */
  run(command: Command, length?: number) {
    const [program = '', ...args] = command.argv.map((each) => this.#inside(each));
    const input = this.#inside((command.stdin ?? '').toString()).slice(0, length);
    return spawnSync(program, args, { input, env: this.#env(), encoding: 'utf8' });
  }

  /** Its exit status; several may run at once. */
  async start(command: Command): Promise<number | null> {
    const [program = '', ...args] = command.argv.map((each) => this.#inside(each));
    const child = spawn(program, args, { env: this.#env(), stdio: ['pipe', 'ignore', 'ignore'] });
    child.stdin.end(this.#inside((command.stdin ?? '').toString()));
    await once(child, 'close');
    return child.exitCode;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  #inside(text: string): string {
    return text.replace(hostPath, `${this.folder}/`);
  }

  #env(): NodeJS.ProcessEnv {
    return { ...process.env, PATH: `${this.#programs}${delimiter}${process.env.PATH}` };
  }
}
