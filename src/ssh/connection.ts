import type { Duplex } from 'node:stream';
import type { PlatformName } from '../model/platform-name.ts';
import type { ProxyJump } from '../model/proxy-jump.ts';

/** Where a machine answers and what proves that it is that machine. */
export interface SshTarget {
  /** For messages: the machine's name. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** OpenSSH private key of the user, PEM; empty where `identityAgent` has it. */
  readonly privateKey: string;
  /** Path of an ssh-agent's socket: its keys log in, and no other. */
  readonly identityAgent?: string;
  /**
   * The only host key that is accepted, as `ssh-ed25519 AAAA…` or as its fingerprint, `SHA256:…`; there is no trust on
   * first use. The target of a connection has the line that was proved.
   */
  readonly hostKey: string;
  /** Path of an ssh-agent's socket that programs there may use. It is never asked for a key to log in with. */
  readonly sshAgent?: string;
  /** The bastion that dials `host`, which is an address or name as the bastion knows it. Without one, it is dialed from here. */
  readonly proxyJump?: ProxyJump | undefined;
  /** Where the machine comes from: what to do when it does not answer. Undefined where the caller says that itself. */
  readonly platform?: PlatformName | undefined;
}

/** A remote command as a value: argv, never a shell line. `sh` scripts go as `['sh', '-c', script]`. */
export interface Command {
  readonly argv: readonly string[];
  /** Fed to standard input, then closed. Secrets travel here, never in argv. */
  readonly stdin?: string | Buffer;
  /** Runs through `sudo -n` when the user is not root. */
  readonly root?: boolean;
  /** Seconds until the command is given up; default 60. */
  readonly timeout?: number;
}

export interface CommandResult {
  /** Exit status; 128 + signal number when a signal ended it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Bytes of stdout and stderr together that one command may print. */
export const outputLimit = 16 * 1024 * 1024;

/** Seconds a command may take that names no timeout. */
export const defaultTimeout = 60;

export interface PortOptions {
  /** Address or name as the machine knows it; default 127.0.0.1. */
  readonly host?: string;
  readonly signal?: AbortSignal;
}

/** A port on a machine's own 127.0.0.1 that leads here. */
export interface Listening {
  /** Chosen by the machine, since only it knows which ones are free. */
  readonly port: number;
  /** Nobody gets through from then on; streams that are open stay so. */
  close(): Promise<void>;
}

/** One authenticated channel to one machine. `ssh2.ts` and `fake.ts` implement it; `test/contract/connection.ts` is the contract. */
export interface Connection {
  readonly target: SshTarget;
  /** False once the connection was closed or lost; whoever shares it dials again then. */
  readonly alive: boolean;
  /**
   * Resolves with any exit status; rejects only when the command could not be run to its end: the connection
   * was lost (`ConnectionLostError`), the timeout passed, `signal` fired, or it printed more than `outputLimit`.
   */
  exec(command: Command, signal?: AbortSignal): Promise<CommandResult>;
  /** A byte stream to a unix socket on the machine (`direct-streamlocal@openssh.com`). */
  openSocket(path: string): Promise<Duplex>;
  /** A byte stream to a TCP port, on the machine's own 127.0.0.1 or on a host that it reaches (`direct-tcpip`). */
  openPort(port: number, options?: PortOptions): Promise<Duplex>;
  /**
   * Opens a port on the machine's 127.0.0.1, and hands over each connection that is made to it there
   * (`tcpip-forward`, as `ssh -R 127.0.0.1:0:…`). It ends with the connection. Every user of the machine reaches it:
   * what answers there has to ask who comes.
   */
  listen(accept: (stream: Duplex) => void): Promise<Listening>;
  close(): Promise<void>;
}
