import { Worker } from 'node:worker_threads';
import type { ServiceLeafRequest } from '../pki/service-leaf.ts';

export interface SignatureRequest extends ServiceLeafRequest {
  readonly id: number;
}

export type SignatureReply =
  | { readonly id: number; readonly certificate: string }
  | { readonly id: number; readonly problem: string };

interface Waiting {
  resolve(certificate: string): void;
  reject(error: Error): void;
}

/** Milliseconds without a request after which the thread ends, and its memory is the machine's again. */
const idle = 60_000;

/**
 * Signs certificates of services beside the agent's own thread. An emulated processor takes 7 to 12 s to load the library
 * that signs and to sign for the first time. An agent that hears and says nothing for so long loses its lease, and with it
 * the lead; the next one that leads begins with the same signature.
 */
export class ThreadSigner {
  readonly #source: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #rest: NodeJS.Timeout | undefined;
  #last = 0;

  /** @param source what the thread runs, by `bundleSignerThread`. */
  constructor(source: string) {
    this.#source = source;
  }

  /** @returns PEM. Rejects as `signServiceLeaf` does, and when the thread ends before it has signed. */
  sign(request: ServiceLeafRequest): Promise<string> {
    clearTimeout(this.#rest);
    this.#last += 1;
    const id = this.#last;
    this.#worker ??= this.#start();
    this.#worker.postMessage({ id, ...request } satisfies SignatureRequest);
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** Whoever still waits for a signature gets none. */
  async end(): Promise<void> {
    clearTimeout(this.#rest);
    const worker = this.#worker;
    if (!worker) return;
    this.#lost(worker, new Error('the agent ends'));
    await worker.terminate();
  }

  #start(): Worker {
    const worker = new Worker(this.#source, { eval: true, name: 'signer' });
    worker.unref();
    worker.on('message', (reply: SignatureReply) => this.#take(reply));
    worker.on('error', (error) => this.#lost(worker, error));
    worker.on('exit', (code) => this.#lost(worker, new Error(`the thread that signs ended with ${code}`)));
    return worker;
  }

  #take(reply: SignatureReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('certificate' in reply) waiting?.resolve(reply.certificate);
    else waiting?.reject(new Error(reply.problem));
    if (this.#waiting.size === 0) this.#rest = setTimeout(() => void this.end(), idle).unref();
  }

  #lost(worker: Worker, error: Error): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
