import { setImmediate as turn } from 'node:timers/promises';
import type { Call, Outcome } from '../ssh/fake.ts';
import { FakeMachine } from '../ssh/fake.ts';
import { fileNames } from './files.ts';

interface FakeMember {
  readonly machine: FakeMachine;
  /** Contents by file name. */
  readonly files: Map<string, string>;
  /** What the member wrote into its data directory when it first started: the cluster it was founded into. */
  data: string | undefined;
  started: boolean;
  restarts: number;
}

/**
 * Machines in memory that answer this folder's scripts as real ones would: a member founds a data directory when it
 * first starts, and is healthy once a majority of its cluster runs.
 */
export class FakeEtcd {
  readonly members = new Map<string, FakeMember>();
  /** Members that fail whenever they start. */
  readonly broken = new Set<string>();
  readonly #csr: () => string;

  constructor(names: readonly string[], csr: () => string) {
    this.#csr = csr;
    for (const name of names) this.add(name);
  }

  /** A machine with an empty disk; replaces the one of that name. */
  add(name: string): void {
    const machine = new FakeMachine({ name });
    const member = {
      machine,
      files: new Map<string, string>(),
      data: undefined,
      started: false,
      restarts: 0,
    };
    this.members.set(name, member);
    const programs = {
      'flotilla-csr': ({ args }: Call) => ({ stdout: this.#csr().repeat((args.length - 1) / 2) }),
      'flotilla-etcd-facts': () => this.#facts(name, member),
      'flotilla-etcd-found': (call: Call) => this.#found(name, member, call),
      'flotilla-etcd-start': () => this.#start(name, member),
      'flotilla-etcd-mark': ({ args }: Call) => {
        member.files.set(fileNames.mark, args[3] ?? '');
        return {};
      },
    };
    for (const [program, answer] of Object.entries(programs)) machine.programs.set(program, answer);
  }

  machine(name: string): FakeMachine {
    return this.#member(name).machine;
  }

  stop(name: string): void {
    this.#member(name).started = false;
  }

  #member(name: string): FakeMember {
    const member = this.members.get(name);
    if (member === undefined) throw new Error(`There is no fake machine ${name}.`);
    return member;
  }

  #found(name: string, member: FakeMember, { args }: Call): Promise<Outcome> {
    const [, , , , ...files] = args;
    for (let at = 0; at < files.length; at += 2) {
      member.files.set(files[at]?.replace('pki/', '') ?? '', files[at + 1] ?? '');
    }
    return this.#start(name, member);
  }

  #launch(name: string, member: FakeMember): void {
    const needed = ['etcd.crt', fileNames.environment, fileNames.clusterEnvironment];
    if (!needed.every((file) => member.files.has(file))) return;
    if (this.broken.has(name)) {
      member.restarts += 1;
      return;
    }
    member.started = true;
    member.data ??= member.files.get(fileNames.clusterEnvironment);
  }

  async #start(name: string, member: FakeMember): Promise<Outcome> {
    this.#launch(name, member);
    for (let patience = 0; patience < 50 && !this.#healthy(member); patience += 1) await turn();
    return this.#facts(name, member);
  }

  #healthy(member: FakeMember): boolean {
    if (!member.started || member.data === undefined) return false;
    const size = variable(member.data, 'ETCD_INITIAL_CLUSTER').split(',').length;
    const peers = [...this.members.values()].filter((each) => each.started && each.data === member.data);
    return peers.length > size / 2;
  }

  #facts(name: string, member: FakeMember): Outcome {
    const environment = member.files.get(fileNames.clusterEnvironment) ?? '';
    const healthy = this.#healthy(member);
    const state = healthy ? 'active' : member.started ? 'activating' : 'inactive';
    const lines = [
      `hasEnvironment=${member.files.has(fileNames.environment) ? 'yes' : 'no'}`,
      `token=${variable(environment, 'ETCD_INITIAL_CLUSTER_TOKEN')}`,
      `initialCluster=${variable(environment, 'ETCD_INITIAL_CLUSTER')}`,
      `bootstrapped=${member.files.get(fileNames.mark) ?? ''}`,
      `hasData=${member.data === undefined ? 'no' : 'yes'}`,
      `certificate=${Buffer.from(member.files.get('etcd.crt') ?? '').toString('base64')}`,
      `ActiveState=${state}`,
      `NRestarts=${member.restarts}`,
      ...(healthy ? [`members=${memberList(member.data ?? '')}`] : [`journal=${name} says why`]),
    ];
    return { stdout: `${lines.join('\n')}\n` };
  }
}

/** As `etcdctl member list -w json` prints it, with ids that a double can't hold. */
function memberList(environment: string): string {
  const members = variable(environment, 'ETCD_INITIAL_CLUSTER')
    .split(',')
    .map(
      (each, i) =>
        `{"ID":1844674407370955000${i},"name":"${each.split('=')[0]}","clientURLs":["https://x:2379"]}`,
    );
  return `{"header":{"cluster_id":17237436991929493444},"members":[${members.join(',')}]}`;
}

function variable(environment: string, name: string): string {
  return new RegExp(`^${name}=(.*)$`, 'm').exec(environment)?.[1] ?? '';
}
