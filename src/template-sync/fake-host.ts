import type { FileState } from '../template/sync-plan.ts';
import type { CommandEnd, Host, Ownership } from './host.ts';

/** A machine in memory. Folders are there when a file is in them, or when they are in `folders`. */
export class FakeHost implements Host {
  readonly files = new Map<string, FileState>();
  readonly folders = new Set<string>();
  /** Names and their numbers, for owners and groups alike. */
  readonly names = new Map([
    ['root', 0],
    ['nginx', 33],
  ]);
  /** Commands in the order in which they ran. */
  readonly ran: string[] = [];
  /** What commands end with. */
  end: (command: string) => CommandEnd = () => ({ status: 0, output: '' });
  #staged = 0;

  async read(path: string): Promise<FileState | undefined> {
    return this.files.get(path);
  }

  async resolve({ owner, group }: Ownership): Promise<{ uid: number; gid: number }> {
    return { uid: this.#number(owner, 'user'), gid: this.#number(group, 'group') };
  }

  #number(name: string | number | undefined, what: string): number {
    const found = typeof name === 'string' ? this.names.get(name) : (name ?? 0);
    if (found === undefined) throw new Error(`there is no ${what} ${name} on this machine`);
    return found;
  }

  async stage(dest: string, file: FileState): Promise<string> {
    const folder = dest.slice(0, dest.lastIndexOf('/'));
    const there = [...this.files.keys()].some((path) => path.startsWith(`${folder}/`));
    if (!there && !this.folders.has(folder)) throw new Error(`there is no folder ${folder}; make it first`);
    this.#staged += 1;
    const staged = `${folder}/.${dest.slice(folder.length + 1)}.${this.#staged}`;
    this.files.set(staged, file);
    return staged;
  }

  async replace(staged: string, dest: string): Promise<void> {
    const file = this.files.get(staged);
    if (file === undefined) throw new Error(`there is no file ${staged}`);
    this.files.set(dest, file);
    this.files.delete(staged);
  }

  async discard(staged: string): Promise<void> {
    this.files.delete(staged);
  }

  async run(command: string, _timeout: number): Promise<CommandEnd> {
    this.ran.push(command);
    return this.end(command);
  }
}
