import type { Problem } from '../model/problem.ts';

/** The machine that answered can't prove that it is the one meant. Waiting does not help, so nobody retries it. */
export class HostKeyError extends Error {
  override readonly name = 'HostKeyError';
  /** Fingerprint of the key that was shown, or what was shown in place of one. */
  readonly shown: string;

  constructor(message: string, options: ErrorOptions & { readonly shown?: string } = {}) {
    super(message, options);
    this.shown = options.shown ?? '';
  }
}

/** The machine is the right one but refuses the user's key. Waiting does not help, so nobody retries it. */
export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError';
}

/**
 * The machine in between can't be used, which says nothing of the one behind it. It has been waited for already, so
 * nobody retries it. Without a cause: that would tell of the bastion as if it were a machine of the cluster.
 */
export class BastionError extends Error {
  override readonly name = 'BastionError';
  readonly found: Problem;

  constructor(found: Problem) {
    super(`${found.path}: ${found.problem}; ${found.fix}`);
    this.found = found;
  }
}

/** It has not answered in time. Who shows a next step apart from what is wrong takes the two by themselves. */
export class SilentMachine extends Error {
  override readonly name = 'SilentMachine';
  readonly said: string;
  readonly next: string | undefined;

  constructor({ said, next }: { readonly said: string; readonly next?: string }, options: ErrorOptions = {}) {
    super(next === undefined ? said : `${said}. Next step: ${next}`, options);
    this.said = said;
    this.next = next;
  }
}

/** The connection ended under a command: whether the command took effect is unknown. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
}
