import { setTimeout as sleep } from 'node:timers/promises';
import type { MachinesReply, PlanReply } from '../src/model/api.ts';
import { AgentApi } from '../src/push/api.ts';
import { sshGateway } from '../src/push/gateway.ts';
import type { CommandResult } from '../src/ssh/connection.ts';
import { ConnectionPool } from '../src/ssh/pool.ts';
import type { Outputs, Stack } from '../test/cluster/stack.ts';
import { since } from './runs.ts';

/** Where etcd answers on a member's machine. */
export interface Member {
  readonly machine: string;
  readonly endpoint: string;
  readonly leads: boolean;
}

/** `etcdctl` as root, with the settings that every member's machine has. */
const settings = 'set -a; . /etc/flotilla/etcdctl.env; set +a;';
const program = 'etcdctl --dial-timeout=5s --command-timeout=15s';
const etcdctl = `${settings} ${program}`;

/** One answer of `etcdctl endpoint status -w json`. Its ids are numbers that JSON.parse would round. */
const statusAnswer =
  /"Endpoint":"(https:\/\/([\d.]+):\d+)","Status":\{"header":\{[^}]*"member_id":(\d+)[^}]*\}[^}]*"leader":(\d+)[^}]*"raftTerm":(\d+)/g;

/** Looks at a running cluster through connections that stay open, so that a look costs milliseconds and not a login. */
export class Observer {
  readonly #pool = new ConnectionPool();
  readonly #connection: Outputs['connection'];

  private constructor(connection: Outputs['connection']) {
    this.#connection = connection;
  }

  static async of(stack: Stack): Promise<Observer> {
    return new Observer((await stack.outputs()).connection);
  }

  get machines(): readonly string[] {
    return this.#connection.machines.map(({ name }) => name);
  }

  /** A shell command as root on one machine. */
  async run(machine: string, command: string, stdin = ''): Promise<CommandResult> {
    const connection = await this.#connect(machine);
    return connection.exec({ argv: ['sh', '-c', command], root: true, stdin });
  }

  async output(machine: string, command: string, stdin = ''): Promise<string> {
    return outputOf(machine, command, await this.run(machine, command, stdin));
  }

  /** The same without a shell and without root, which cost a process each. */
  async look(machine: string, argv: readonly string[]): Promise<string> {
    const connection = await this.#connect(machine);
    return outputOf(machine, argv.join(' '), await connection.exec({ argv }));
  }

  /** Names of the machines that are members of the cluster, and of the one whose agent leads. */
  async members(): Promise<{ present: readonly string[]; leader: string | undefined }> {
    const { machines, leader }: MachinesReply = await this.#api().machines();
    return {
      present: machines.map(({ name }) => name),
      leader: machines.find(({ id }) => id === leader)?.name,
    };
  }

  async rebalance(maxMoves: number): Promise<PlanReply> {
    return this.#api().rebalance({ maxMoves });
  }

  /** Members of etcd that answer, asked by one command on the machine. */
  async etcd(machine: string): Promise<readonly Member[]> {
    const { stdout } = await this.run(machine, `${etcdctl} endpoint status -w json`);
    const answers = [...stdout.matchAll(statusAnswer)].map(([, endpoint = '', address, id, leader, term]) => {
      const name = this.#connection.machines.find((one) => one.address === address)?.name ?? 'unknown';
      return { machine: name, endpoint, leads: id === leader, term: Number(term) };
    });
    // One that has not heard yet of the next leader believes in the old one.
    const latest = Math.max(...answers.map(({ term }) => term));
    return answers.map(({ term, ...member }) => ({ ...member, leads: member.leads && term === latest }));
  }

  /** Has etcd's leader hand over to the member on another machine. */
  async moveEtcdLeader(from: Member, to: string): Promise<void> {
    const members = await this.output(to, `${etcdctl} member list`);
    const id = new RegExp(`^([0-9a-f]+), started, ${to}, `, 'm').exec(members)?.[1];
    if (id === undefined) throw new Error(`etcd has no member ${to}: ${members}`);
    // As a variable, like those of the file: an option for the same thing besides is an error.
    await this.output(to, `${settings} ETCDCTL_ENDPOINTS=${from.endpoint} ${program} move-leader ${id}`);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  #api(): AgentApi {
    const gateways = this.machines.map((name) => sshGateway(this.#pool, this.#target(name)));
    return new AgentApi(gateways, { log: () => undefined });
  }

  #connect(machine: string) {
    return this.#pool.get(this.#target(machine), { deadline: 30 });
  }

  #target(machine: string) {
    const { privateKey, machines } = this.#connection;
    const found = machines.find(({ name }) => name === machine);
    if (!found) throw new Error(`there is no machine ${machine}`);
    const { name, host, port, user, hostKey } = found;
    return { name, host, port, user, privateKey, hostKey };
  }
}

function outputOf(machine: string, command: string, { status, stdout, stderr }: CommandResult): string {
  if (status === 0) return stdout.trim();
  throw new Error(`${command} on ${machine} ended with ${status}: ${stderr.trim()}`);
}

/**
 * What `look` finds as soon as it finds something, looking every `pause` seconds; an error counts as nothing found.
 * Undefined when it does not in time.
 */
export async function poll<T>(
  limit: number,
  pause: number,
  look: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const start = performance.now();
  while (since(start) < limit) {
    const result = await look().catch(() => undefined);
    if (result !== undefined) return result;
    await sleep(pause * 1000);
  }
  return undefined;
}
