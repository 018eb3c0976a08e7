import { randomBytes } from 'node:crypto';
import {
  chown,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { MarkerFiles } from '../systemd/marker-files.ts';
import { readFolder } from '../systemd/read-folder.ts';
import { replaceFile } from '../systemd/replace-file.ts';

/** What lies on the machine for a unit. All PEM. */
export interface CertificateSet {
  /** `tls.crt` */
  readonly certificate: string;
  /** `tls.key`. A secret. */
  readonly privateKey: string;
  /** `ca.crt` */
  readonly authority: string;
}

/** Numbers of the user, and of its group, that alone may read the key. */
export interface KeyOwner {
  readonly uid: number;
  readonly gid: number;
}

/** With the number of the user whose key it is. */
export type CertificateOnDisk = CertificateSet & Pick<KeyOwner, 'uid'>;

/** Certificates of this machine's units, as their programs find them. They outlive agents, and no reboot. */
export interface CertificateFiles {
  /** Units that have some. */
  units(): Promise<readonly string[]>;
  /** Undefined where they are not there as a whole. */
  read(unit: string): Promise<CertificateOnDisk | undefined>;
  /** Replaces all three in one moment. */
  write(unit: string, set: CertificateSet, owner: KeyOwner): Promise<void>;
  remove(unit: string): Promise<void>;
  /** Whether the unit's program is still to be told of the files that are there, also after an agent's end. */
  isReloadDue(unit: string): Promise<boolean>;
  setReloadDue(unit: string, due: boolean): Promise<void>;
}

const names = { certificate: 'tls.crt', privateKey: 'tls.key', authority: 'ca.crt' } as const;

/** Leads to the folder with the files that count; hidden from programs that read all of a folder. */
const current = '.current';

/**
 * A folder for each unit: `tls.crt`, `tls.key` and `ca.crt` are links through `.current` to a folder with all three of
 * them, so that one rename replaces them together, also in a container that has the unit's folder as a volume. Who is
 * root in such a container may put links there that lead elsewhere: so files are written beside it, and only moved in.
 */
export class LocalCertificateFiles implements CertificateFiles {
  readonly #folder: string;
  readonly #reloadDue: MarkerFiles;

  constructor(folder: string) {
    this.#folder = folder;
    this.#reloadDue = new MarkerFiles(join(folder, '.reload-due'));
  }

  async units(): Promise<readonly string[]> {
    return (await readFolder(this.#folder)).filter((name) => !name.startsWith('.'));
  }

  async read(unit: string): Promise<CertificateOnDisk | undefined> {
    const folder = join(this.#folder, unit);
    const read = (name: string) => readFile(join(folder, name), 'utf8');
    try {
      const [certificate, privateKey, authority] = await Promise.all(
        [names.certificate, names.privateKey, names.authority].map(read),
      );
      if (!certificate || !privateKey || !authority) return undefined;
      const { uid } = await stat(join(folder, names.privateKey));
      return { certificate, privateKey, authority, uid };
    } catch {
      return undefined;
    }
  }

  async write(unit: string, set: CertificateSet, owner: KeyOwner): Promise<void> {
    const folder = join(this.#folder, unit);
    const staged = await this.#stage(unit, set, owner);
    const version = `.${randomBytes(6).toString('hex')}`;
    await mkdir(folder, { recursive: true, mode: 0o755 });
    await rename(staged, join(folder, version));
    for (const name of Object.values(names))
      await replaceFile(join(folder, name), (draft) => symlink(join(current, name), draft));
    await replaceFile(join(folder, current), (draft) => symlink(version, draft));
    await this.#sweep(folder);
  }

  async remove(unit: string): Promise<void> {
    await rm(join(this.#folder, unit), { recursive: true, force: true });
    await rm(this.#staging(unit), { recursive: true, force: true });
    await this.#reloadDue.remove(unit);
  }

  async isReloadDue(unit: string): Promise<boolean> {
    return (await this.#reloadDue.list()).includes(unit);
  }

  async setReloadDue(unit: string, due: boolean): Promise<void> {
    if (due) await this.#reloadDue.add(unit);
    else await this.#reloadDue.remove(unit);
  }

  #staging(unit: string): string {
    return join(this.#folder, '.staged', unit);
  }

  async #stage(unit: string, set: CertificateSet, { uid, gid }: KeyOwner): Promise<string> {
    const staged = this.#staging(unit);
    await rm(staged, { recursive: true, force: true });
    await mkdir(staged, { recursive: true, mode: 0o755 });
    await writeFile(join(staged, names.certificate), set.certificate, { mode: 0o644 });
    await writeFile(join(staged, names.authority), set.authority, { mode: 0o644 });
    // Nobody else may read it before it has its owner.
    const key = join(staged, names.privateKey);
    await writeFile(key, set.privateKey, { mode: 0o600 });
    await chown(key, uid, gid);
    return staged;
  }

  /** Versions before, and one that an agent did not come to the end with. */
  async #sweep(folder: string): Promise<void> {
    const kept = await readlink(join(folder, current));
    const old = (await readdir(folder)).filter((name) => /^\.[0-9a-f]{12}$/.test(name) && name !== kept);
    for (const name of old) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** In memory: for machines that are simulated. */
export class FakeCertificateFiles implements CertificateFiles {
  readonly sets = new Map<string, CertificateSet & KeyOwner>();
  readonly #due = new Set<string>();

  async units(): Promise<readonly string[]> {
    return [...this.sets.keys()];
  }

  async read(unit: string): Promise<CertificateOnDisk | undefined> {
    return this.sets.get(unit);
  }

  async write(unit: string, set: CertificateSet, owner: KeyOwner): Promise<void> {
    this.sets.set(unit, { ...set, ...owner });
  }

  async remove(unit: string): Promise<void> {
    this.sets.delete(unit);
    this.#due.delete(unit);
  }

  async isReloadDue(unit: string): Promise<boolean> {
    return this.#due.has(unit);
  }

  async setReloadDue(unit: string, due: boolean): Promise<void> {
    if (due) this.#due.add(unit);
    else this.#due.delete(unit);
  }

  /** /run is empty. */
  reboot(): void {
    this.sets.clear();
    this.#due.clear();
  }
}
