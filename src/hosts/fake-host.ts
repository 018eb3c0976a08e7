import { createHash } from 'node:crypto';
import { type Call, FakeMachine, type Outcome } from '../ssh/fake.ts';
import { requestOf } from '../ssh/whole-input.ts';
import { unpacked } from '../ssh/write-files.ts';
import type { UnitFacts } from './facts.ts';
import { bareHost, type FakeFile, type FakeHostState } from './fake-host-state.ts';
import { rivals } from './packages.ts';
import { beforeFolder, flotillaFolder, recordPath } from './record.ts';
import { reload } from './scripts.ts';

interface FakeAccount {
  groups: Set<string>;
  keys: string[];
}

/** Of a unit's file, or of a drop-in of it, the unit. */
const unitFile = /^\/etc\/systemd\/system\/([^/]+?)(?:\.d\/.*)?$/;

/**
 * A host in memory: it answers the scripts of `scripts.ts` and `facts.ts` by what they are there for, and keeps what
 * they left. The scripts themselves meet a real host in test/cluster/hosts.test.ts.
 */
export class FakeHost extends FakeMachine {
  readonly files: Map<string, FakeFile>;
  readonly packages: Set<string>;
  readonly groups: Set<string>;
  readonly users: Map<string, FakeAccount>;
  readonly units: Map<string, { -readonly [Key in keyof UnitFacts]: UnitFacts[Key] }>;
  readonly #is: FakeHostState;

  constructor(state: Partial<FakeHostState> = {}, target: Partial<FakeMachine['target']> = {}) {
    super(target);
    this.#is = { ...bareHost, ...state };
    this.files = new Map(Object.entries(this.#is.files));
    this.packages = new Set(this.#is.packages);
    this.groups = new Set(this.#is.groups);
    this.users = new Map(
      Object.entries(this.#is.users).map(([name, groups]) => [name, { groups: new Set(groups), keys: [] }]),
    );
    this.units = new Map(
      Object.entries(this.#is.units).map(([name, unit]) => [name, { ...unit, outdated: false }]),
    );
    this.programs.set('flotilla-host-state', ({ stdin }) => ({ stdout: sayAll(this.#state(stdin)) }));
    this.programs.set('flotilla-host-facts', ({ stdin }) => ({
      stdout: sayAll([...this.#system(), ...this.#state(stdin)]),
    }));
    this.programs.set('flotilla-host-simulate', ({ args }) => ({ stdout: this.#simulated(args) }));
    this.programs.set('flotilla-host-install', ({ args }) => this.#install(args));
    this.programs.set('flotilla-host-record', (call) => this.#record(call));
    this.programs.set('flotilla-host-restore', ({ stdin }) => this.#restore(linesOf(requestOf(stdin))));
    this.programs.set('flotilla-host-account', (call) => this.#account(call));
    this.programs.set('flotilla-host-enable', ({ args }) => this.#enable(args));
    this.programs.set('flotilla-host-undo', ({ stdin }) => this.#undo(linesOf(requestOf(stdin))));
  }

  /** Everything that can be compared. */
  snapshot(): object {
    return structuredClone({
      files: Object.fromEntries(this.files),
      packages: [...this.packages].sort(),
      groups: [...this.groups].sort(),
      users: Object.fromEntries(
        [...this.users].map(([name, { groups, keys }]) => [name, { groups: [...groups].sort(), keys }]),
      ),
      units: Object.fromEntries([...this.units].filter(([, { enabled, active }]) => enabled || active)),
    });
  }

  /** `writeFiles` sends its files in one compressed stream, so its input is bytes. */
  override async run(...[command, signal]: Parameters<FakeMachine['run']>): ReturnType<FakeMachine['run']> {
    this.programs.set('write-files', ({ args }) => {
      this.#write(args, command.stdin ?? '');
      return command.argv[2]?.endsWith(reload) ? this.#enable([]) : {};
    });
    return super.run(command, signal);
  }

  #system(): string[] {
    const { os, architecture, node = '', virtualization, cpus, memory, disk, addresses, etcd } = this.#is;
    const { members, folders } = this.#is;
    return [
      ...[`os ${os}`, `architecture ${architecture}`, `node ${node}`],
      ...[`virtualization ${virtualization}`, `cpus ${cpus}`],
      ...[`memory ${memory}`, `disk ${disk}`],
      ...addresses.map((address) => `address ${address}`),
      ...(etcd ? ['etcd yes'] : []),
      ...members.map((name) => `member ${name}`),
      ...folders.map(({ path, mode, owner }) => `folder ${path} ${mode} ${owner}`),
    ];
  }

  #state(request: string): string[] {
    const contents = (kind: string, path: string) =>
      (this.files.get(path)?.contents.match(/.*\n|.+$/g) ?? []).map((line) => `${kind} ${line.trimEnd()}`);
    return [
      `machine-id ${this.#is.machineId}`,
      ...([...this.files.keys()].some(isOfFlotilla) ? ['flotilla yes'] : []),
      ...(this.files.has(recordPath) ? ['recorded yes'] : []),
      ...contents('added', recordPath),
      ...linesOf(requestOf(request)).flatMap(([kind = '', ...names]) =>
        kind === 'user' ? this.#user(names) : names.flatMap((name) => this.#fact(kind, name)),
      ),
      'end',
    ];
  }

  #user([name = '', ...key]: readonly string[]): string[] {
    const account = this.users.get(name);
    if (!account) return [];
    const known = key.join(' ') !== '' && account.keys.some((each) => each.startsWith(key.join(' ')));
    return [`user ${[name, ...account.groups].join(' ')}`, ...(known ? ['authorized yes'] : [])];
  }

  #fact(kind: string, name: string): string[] {
    switch (kind) {
      case 'group':
        return this.groups.has(name) ? [`group ${name}`] : [];
      case 'package':
        return this.packages.has(name) ? [`package ${name}`] : [];
      case 'unit': {
        const { enabled, active, outdated } = this.units.get(name) ?? {};
        const states = [enabled ? 'enabled' : '-', active ? 'active' : 'inactive', outdated ? 'yes' : 'no'];
        return [`unit ${name} ${states.join(' ')}`];
      }
      case 'file': {
        const file = this.files.get(name);
        if (!file) return [];
        const sum = createHash('sha256').update(file.contents).digest('hex');
        return [`${sum}  ${name}`, `mode ${name} ${file.mode} root:root`];
      }
      default:
        return this.#has(name) ? [] : [`absent ${name}`];
    }
  }

  #has(place: string): boolean {
    if (place.startsWith('/home/')) return this.users.has(place.slice('/home/'.length));
    return [...this.files.keys()].some((path) => path === place || path.startsWith(`${place}/`));
  }

  /** Each package brings a library of its own. */
  #brought(names: readonly string[]): readonly string[] {
    return names.flatMap((name) => [name, `lib${name}`]).filter((name) => !this.packages.has(name));
  }

  #simulated(names: readonly string[]): string {
    const lost = names.includes('docker.io') ? rivals.filter((name) => this.packages.has(name)) : [];
    return sayAll([
      ...this.#brought(names).map((name) => `brings ${name}`),
      ...lost.map((name) => `removes ${name}`),
    ]);
  }

  #install(names: readonly string[]): Outcome {
    for (const name of this.#brought(names)) this.packages.add(name);
    if (names.includes('docker.io')) {
      this.groups.add('docker');
      this.units.set('docker.service', { enabled: true, active: true, outdated: false });
    }
    return {};
  }

  #record({ args: [, , , whose = '', ...keep], stdin }: Call): Outcome {
    const earlier = this.files.get(recordPath)?.contents;
    if (earlier !== undefined && !earlier.includes(whose))
      return { status: 1, stderr: 'another Flotilla cluster took the host meanwhile\n' };
    for (const path of keep) {
      const file = this.files.get(path);
      if (file && !this.files.has(`${beforeFolder}${path}`)) this.files.set(`${beforeFolder}${path}`, file);
    }
    this.files.set(recordPath, { contents: requestOf(stdin), mode: '0600' });
    return {};
  }

  #write(args: readonly string[], stdin: string | Buffer): void {
    const bytes = unpacked(stdin);
    let at = 0;
    for (let index = 0; index < args.length; index += 4) {
      const [path = '', size = '0', mode = ''] = args.slice(index);
      this.files.set(path, { contents: bytes.toString('utf8', at, at + Number(size)), mode });
      at += Number(size);
      const unit = this.units.get(unitFile.exec(path)?.[1] ?? '');
      if (unit?.active) unit.outdated = true;
    }
  }

  #restore(lines: readonly string[][]): Outcome {
    for (const [how = '', path = ''] of lines) {
      const before = this.files.get(`${beforeFolder}${path}`);
      if (how === 'away') this.files.delete(path);
      else if (before) this.files.set(path, before);
    }
    return {};
  }

  #account({ args: [user = '', , fresh = '', ...groups], stdin }: Call): Outcome {
    for (const group of fresh.split(' ')) if (group !== '') this.groups.add(group);
    const missing = groups.find((group) => !this.groups.has(group));
    if (missing) return { status: 6, stderr: `usermod: group '${missing}' does not exist\n` };
    const account = this.users.get(user) ?? { groups: new Set<string>(), keys: [] };
    this.users.set(user, account);
    for (const group of groups) account.groups.add(group);
    const key = requestOf(stdin).trim();
    if (!account.keys.includes(key)) account.keys.push(key);
    return {};
  }

  #enable(units: readonly string[]): Outcome {
    for (const unit of this.units.values()) unit.outdated = false;
    for (const name of units) {
      const unit = this.files.get(`/etc/systemd/system/${name}`)?.contents ?? '';
      this.units.set(name, {
        enabled: true,
        active: !unit.includes('\nConditionPathExists='),
        outdated: false,
      });
    }
    return {};
  }

  #undo(lines: readonly string[][]): Outcome {
    const of = (kind: string) => lines.filter(([first]) => first === kind).map(([, ...words]) => words);
    for (const [name = '', enabled, active] of of('unit')) {
      const unit = this.units.get(name);
      this.units.set(name, {
        enabled: unit?.enabled === true && enabled === 'true',
        active: unit?.active === true && active === 'true',
        outdated: false,
      });
    }
    this.#enable([]);
    this.#restore([...of('file'), ...of('last-file')]);
    for (const [name = ''] of of('package')) this.packages.delete(name);
    if (of('package').flat().includes('docker.io')) {
      this.groups.delete('docker');
      this.units.delete('docker.service');
    }
    for (const [name = ''] of of('account')) this.users.delete(name);
    for (const [name = '', ...joined] of of('guest'))
      this.#leave(name, joined, of('key')[0]?.join(' ') ?? '');
    for (const [name = ''] of of('group')) this.groups.delete(name);
    for (const path of [...this.files.keys()]) if (path.startsWith(flotillaFolder)) this.files.delete(path);
    return {};
  }

  #leave(name: string, joined: readonly string[], key: string): void {
    const account = this.users.get(name);
    if (!account) return;
    for (const group of joined) account.groups.delete(group);
    account.keys = account.keys.filter((each) => each !== key);
  }
}

/** A record, and copies of what was there, are also left by a run that got no further. */
function isOfFlotilla(path: string): boolean {
  return path.startsWith(`${flotillaFolder}/`) && path !== recordPath && !path.startsWith(beforeFolder);
}

function sayAll(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

function linesIn(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function linesOf(text: string): string[][] {
  return linesIn(text).map((line) => line.split(' '));
}
