import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../model/message-of.ts';
import { remind } from '../model/remind.ts';
import { upCommand } from '../model/up-command.ts';
import type { Connection } from '../ssh/connection.ts';
import { type AgentBundle, versionOf } from './agent-files.ts';
import { AgentApi } from './api.ts';
import { ApiError } from './errors.ts';

export interface StartOptions {
  readonly bundle: AgentBundle;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Seconds that an agent gets from its start until it answers; default 120, another one only in tests. */
  readonly deadline?: number;
}

/** Whose agent starts; `id` is what it announces. */
interface Starting {
  readonly name: string;
  readonly id: string;
  /** Asked before each question: a connection that broke meanwhile is made anew. */
  connect(signal?: AbortSignal): Promise<Connection>;
}

const startDeadline = 120;
/**
 * How much longer an agent gets that answers: it runs, and waits for an etcd that is busy. On a computer that emulated six
 * machines on two processors such an etcd answered nobody for minutes.
 */
const patienceWithAnswers = 2.5;
/** Seconds between questions; more of them would keep an emulated machine from starting its agent. */
const pause = 1;
/** Seconds that may lie between its start and the first question. */
const startMargin = 5;

/**
 * Waits until the agent answers on its own socket and has announced its machine under a lease.
 *
 * @throws Error with what the agent's journal says of this start, when it did not get well in time. Only the last line
 * is a next step: what answers and journal advise is for a cluster that was up before.
 */
export async function awaitAgent(machine: Starting, options: StartOptions): Promise<void> {
  const { log, signal, bundle, deadline = startDeadline } = options;
  const deadlines = { choose: 10, answer: 10 };
  const api = new AgentApi([machine], { log: () => undefined, deadlines, ...(signal ? { signal } : {}) });
  const started = performance.now();
  const waited = () => Math.round((performance.now() - started) / 1000);
  let look: Look = { missing: 'no answer yet', answers: false };
  const limit = () => (look.answers ? patienceWithAnswers * deadline : deadline);
  const progress = () => `the agent on ${machine.name} to start (${waited()} s of ${limit()} s)`;
  const stopReminding = remind(log, progress);
  try {
    while (waited() < limit()) {
      signal?.throwIfAborted();
      const missing = await lookOnce(api, machine, versionOf(bundle));
      if (missing === undefined) return;
      look = { ...missing, answers: missing.answers || look.answers };
      await sleep(pause * 1000, undefined, signal ? { signal } : {});
    }
  } finally {
    stopReminding();
  }
  throw new Error(
    `the agent on ${machine.name} did not get well within ${limit()} s: ${look.missing}\n` +
      `What its journal says since it was started:\n${await journalOf(machine, limit(), signal)}\n` +
      `Next step: ${upCommand()}, which goes on from here; a slow computer may need another run. ` +
      'If it ends here again, mend what the journal says first',
  );
}

/** What keeps an agent from being well. */
interface Look {
  readonly missing: string;
  /** Whether it runs and says so, whatever it says. */
  readonly answers: boolean;
}

/** Undefined when the agent is well. */
async function lookOnce(api: AgentApi, { id }: Starting, version: string): Promise<Look | undefined> {
  try {
    const { machines } = await api.machines();
    const announced = machines.some((each) => each.id === id && each.version === version);
    return announced ? undefined : { missing: 'not announced yet', answers: true };
  } catch (error) {
    // The machine's own answer: what is said of it to who asks a whole cluster has another next step.
    const { cause } = Object(error);
    const own = cause instanceof AggregateError ? (cause.errors[0] ?? error) : error;
    return { missing: messageOf(own), answers: own instanceof ApiError };
  }
}

/**
 * Its last lines, or why they can't be had, which must not hide why they were asked for. None from before this start:
 * they would tell of troubles that are over.
 */
async function journalOf(
  machine: Starting,
  seconds: number,
  signal: AbortSignal | undefined,
): Promise<string> {
  const since = `--since=-${Math.ceil(seconds) + startMargin}s`;
  const argv = ['journalctl', '-u', 'flotilla-agent', since, '-n', '10', '--no-pager'];
  try {
    const connection = await machine.connect(signal);
    const { stdout } = await connection.exec({ argv, root: true }, signal);
    return stdout.trimEnd();
  } catch (error) {
    signal?.throwIfAborted();
    return `its journal can't be read: ${messageOf(error)}`;
  }
}
