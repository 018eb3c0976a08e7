import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../model/message-of.ts';
import { reminding } from '../model/remind.ts';
import { upCommand } from '../model/up-command.ts';
import type { Authority } from '../pki/authority.ts';
import { createOwnLeaf } from '../pki/own-leaf.ts';
import type { Connection } from '../ssh/connection.ts';
import { type ForwardedPort, forwardPort } from '../ssh/forward-port.ts';
import { Backoff } from '../store/backoff.ts';
import { systemClock } from '../store/clock.ts';
import { Endpoints } from '../store/endpoints.ts';
import { prefixes } from '../store/keys.ts';
import { rangeMethod } from '../store/rpc.ts';
import { Unreachable } from '../store/store.ts';
import { prefixEnd } from '../store/transaction.ts';
import {
  type Access,
  type AccessStep,
  type AdmittedMachine,
  accessSteps,
  rootUser,
  wantedAccess,
} from './access.ts';
import { authEnable, callOf, roleGet, roleList, userGet, userList } from './auth-rpc.ts';
import { type EtcdMember, layoutOf } from './cluster.ts';

export interface AdminOptions {
  readonly members: readonly EtcdMember[];
  readonly authority: Authority;
  readonly connect: (member: EtcdMember) => Promise<Connection>;
  /** See `wantedAccess`; default none. */
  readonly shared?: readonly string[];
  /** See `wantedAccess`. */
  readonly read?: readonly string[];
  readonly log: (line: string) => void;
  /** Seconds until a call gives up; another default only in tests. */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
}

/** Seconds until a call gives up: members may be busy with their boot, or with waking a machine beside them. */
const defaultDeadline = 180;

/** Days. It is used for minutes, by this process alone. */
const certificateDays = 1;

/** Milliseconds between tries while no member answers. */
const retryPauses = { first: 500, most: 3000 };

/**
 * Decides who may do what in etcd, as its superuser. It speaks etcd's own protocol through SSH, so no program runs on
 * the machines, and its certificate is made here and now: whoever holds the authority's key can be anybody anyway,
 * and no key that lasts has to lie anywhere for it.
 */
export class EtcdAdmin {
  readonly #options: AdminOptions;
  readonly #ports: readonly ForwardedPort[];
  readonly #endpoints: Endpoints;

  private constructor(options: AdminOptions, ports: readonly ForwardedPort[], endpoints: Endpoints) {
    this.#options = options;
    this.#ports = ports;
    this.#endpoints = endpoints;
  }

  static async open(options: AdminOptions): Promise<EtcdAdmin> {
    const { members, authority, connect } = options;
    const usages = ['client'] as const;
    const leaf = createOwnLeaf({ authority, commonName: rootUser, usages, days: certificateDays });
    const { certificate: cert, privateKey: key } = await leaf;
    const forward = (member: EtcdMember) => forwardPort(() => connect(member), layoutOf(member).clientPort);
    const ports = await Promise.all(members.map(forward));
    const addresses = ports.map(({ path }) => `unix:${path}`);
    return new EtcdAdmin(
      options,
      ports,
      new Endpoints({ addresses, tls: { ca: authority.certificate, cert, key } }),
    );
  }

  /**
   * Lets these machines in, each with the rights that it needs. Repeating it changes nothing.
   *
   * @param others whether machines that are not named are let in any longer
   */
  async admit(machines: readonly AdmittedMachine[], others: 'keep' | 'remove'): Promise<void> {
    await this.#persistently(async () => {
      const wanted = wantedAccess(machines, this.#options.shared, this.#options.read);
      const stages = accessSteps(wanted, await this.#read(wanted), others);
      for (const stage of stages) {
        await Promise.all(
          stage.map(callOf).map(({ method, request }) => this.#endpoints.repeatable(method, request)),
        );
      }
      for (const line of announcements(stages.flat(), machines)) this.#options.log(line);
    });
  }

  /** What `admit` would have to do for them, without doing it; asked once. */
  async look(machines: readonly AdmittedMachine[]): Promise<readonly AccessStep[]> {
    const wanted = wantedAccess(machines, this.#options.shared, this.#options.read);
    return accessSteps(wanted, await this.#read(wanted), 'remove').flat();
  }

  /** From now on etcd asks who is there. Whoever was not admitted is refused. Repeating it changes nothing. */
  async enable(): Promise<void> {
    await this.#persistently(() => this.#endpoints.repeatable(authEnable, {}));
  }

  async close(): Promise<void> {
    this.#endpoints.close();
    await Promise.all(this.#ports.map((port) => port.close()));
  }

  /** All names, and of those that are wanted what they hold. */
  async #read(wanted: Access): Promise<Access> {
    const [users, roles, members] = await Promise.all([
      this.#endpoints.repeatable(userList, {}),
      this.#endpoints.repeatable(roleList, {}),
      this.#endpoints.repeatable(rangeMethod, rangeOf(prefixes.member)),
    ]);
    const rolesOf = async (name: string) =>
      [name, wanted.users.has(name) ? await this.#endpoints.repeatable(userGet, { name }) : []] as const;
    const permissionsOf = async (role: string) =>
      [role, wanted.roles.has(role) ? await this.#endpoints.repeatable(roleGet, { role }) : []] as const;
    const [userEntries, roleEntries] = await Promise.all([
      Promise.all(users.map(rolesOf)),
      Promise.all(roles.map(permissionsOf)),
    ]);
    const memberEntries = members.keys.map(({ key, value }): [string, string] => [
      key.slice(prefixes.member.length),
      value,
    ]);
    return { users: new Map(userEntries), roles: new Map(roleEntries), members: new Map(memberEntries) };
  }

  /** Again from the start when no member answers for a moment, or when a second admin was at work in between. */
  async #persistently<T>(work: () => Promise<T>): Promise<T> {
    const { log, deadline = defaultDeadline } = this.#options;
    const began = Date.now();
    const waited = () => Math.round((Date.now() - began) / 1000);
    const last = () => this.#failures().join('; ') || 'no answer yet';
    const what = () => `etcd to take its users (${waited()} s of ${deadline} s): ${last()}`;
    return await reminding(log, what, this.#untilDone(work, began + deadline * 1000));
  }

  async #untilDone<T>(work: () => Promise<T>, end: number): Promise<T> {
    const { signal } = this.#options;
    const backoff = new Backoff(retryPauses, systemClock);
    for (;;) {
      try {
        signal?.throwIfAborted();
        return await work();
      } catch (error) {
        const isOver = Date.now() > end && !isDone(error);
        if (signal?.aborted || isOver || !passes(error)) throw this.#explain(error);
        await sleep(backoff.next(), undefined, signal ? { signal } : {});
      }
    }
  }

  #explain(error: unknown): unknown {
    if (!(error instanceof Unreachable)) return error;
    const { deadline = defaultDeadline } = this.#options;
    const said = [...this.#failures(), error.message].join('; ');
    const next = `Once that is mended, ${upCommand()} goes on from here`;
    return new Error(`etcd's users can't be set up within ${deadline} s: ${said}. ${next}`, { cause: error });
  }

  /** Of the ways to the members, which etcd's client can't see. */
  #failures(): readonly string[] {
    return this.#ports.flatMap((port) => port.failure() ?? []).map(messageOf);
  }
}

function rangeOf(prefix: string): object {
  return { key: prefix, range_end: prefixEnd(prefix) };
}

/** What etcd says when the step was done already: by a try whose answer got lost, or by somebody else. */
const doneAlready = /already exists|not found|is not granted/;

function passes(error: unknown): boolean {
  return error instanceof Unreachable || isDone(error);
}

/** It also says that etcd answers, so another look is worth while whatever the time is. */
function isDone(error: unknown): boolean {
  return error instanceof Error && doneAlready.test(error.message);
}

/** What was done, in a few lines for however many machines. */
function announcements(steps: readonly AccessStep[], machines: readonly AdmittedMachine[]): string[] {
  const named = new Map(machines.map(({ id, name }) => [id, name]));
  const users = (kind: AccessStep['kind']) =>
    steps.flatMap((step) => (step.kind === kind && 'user' in step ? step.user : []));
  const admitted = users('add-user').flatMap((user) => named.get(user) ?? []);
  const refused = users('delete-user');
  const corrected = steps.filter(({ kind }) => kind === 'revoke' || kind === 'forbid');
  return [
    ...(admitted.length > 0 ? [`etcd: admits ${admitted.join(', ')}`] : []),
    ...(refused.length > 0
      ? [`etcd: refuses ${refused.join(', ')} from now on: no machine of the stack`]
      : []),
    ...corrected.map(({ kind, reason }) => `etcd: ${kind}: ${reason}`),
  ];
}
