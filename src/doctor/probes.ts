import type { AcceleratorChoice } from '../qemu/accelerator.ts';
import type { HostFacts, LocalRequest } from '../qemu/host-facts.ts';
import type { ImageSource } from '../qemu/image.ts';
import type { Connect } from '../ssh/pool.ts';

/** What a program printed, whatever its exit status. */
export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** The header `Date`, in milliseconds since 1970; undefined without one. */
  readonly date: number | undefined;
  readonly body: string;
}

/** Whether machines on this computer run under KVM, and if not why, and what changes that. */
export interface KvmState {
  readonly accelerator: AcceleratorChoice['accelerator'];
  readonly reason: string;
  readonly fix?: string;
}

/** All that checks see of the world: this computer, its network, and what answers there. Nothing of it changes anything. */
export interface Probes {
  /** `22.23.3` */
  readonly nodeVersion: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Processors that programs here may use. */
  readonly cpus: number;
  /** Milliseconds since 1970, by this computer's clock. */
  now(): number;
  /** @throws when it can't be started */
  run(argv: readonly string[], signal: AbortSignal): Promise<Ran>;
  /** Text of a file, undefined when there is none. */
  readFile(path: string): Promise<string | undefined>;
  /** Bytes free on the file system where the folder is or will be. */
  diskFree(folder: string): Promise<number>;
  /** Why nobody can listen on the port of 127.0.0.1, as the error's code (`EADDRINUSE`); undefined where one can. */
  portTaken(port: number): Promise<string | undefined>;
  get(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<HttpAnswer>;
  /** Shared by all checks; nobody closes one but `close`. */
  readonly connect: Connect;
  /** What this computer has for machines of its own. */
  hostFacts(request: LocalRequest): Promise<HostFacts>;
  kvm(image: ImageSource): Promise<KvmState>;
  /** Ports that the stack's own switch listens on. */
  heldPorts(stackFolder: string): Promise<readonly number[]>;
  /** Bytes that templates take in the cache. */
  templateBytes(): Promise<number>;
  /** Ends all connections. */
  close(): Promise<void>;
}
