import { randomBytes } from 'node:crypto';
import { messageOf } from '../model/message-of.ts';
import type { Connection } from '../ssh/connection.ts';
import { Docker } from './docker.ts';
import { Home } from './home.ts';
import { blobsOf, type Image } from './image.ts';
import { listName } from './image-lists.ts';
import { type PushMachine, placesOf } from './look.ts';
import { type MachineRelay, prepareCache, startRelay } from './machine-relay.ts';
import { type Candidate, type PushPlan, planPush, type Step } from './plan.ts';
import { pullImage } from './pull.ts';
import { parseReference, pathOf, type Reference } from './reference.ts';
import type { Sent, Served } from './registry.ts';
import type { RelayConfig } from './relay-config.ts';
import { buildRelay } from './relay-program.ts';

export type PushEvent =
  /** The machine's Docker has the layer; `layer` are the first digits of its digest. */
  | {
      readonly kind: 'layer';
      readonly machine: string;
      readonly layer: string;
      readonly status: 'pulled' | 'already there';
    }
  | { readonly kind: 'done'; readonly machine: string }
  | { readonly kind: 'failed'; readonly machine: string; readonly reason: string }
  /** The seed could not be it: another machine is, or each gets its layers from here. */
  | {
      readonly kind: 'reseed';
      readonly machine: string;
      readonly reason: string;
      readonly seed: string | undefined;
    }
  | { readonly kind: 'sent'; readonly machine: string; readonly digest: string; readonly bytes: number };

export interface PushOptions {
  /** What the image is to be called on the machines: `app:1`. */
  readonly name: string;
  readonly signal: AbortSignal;
  readonly onEvent: (event: PushEvent) => void;
}

export interface PushOutcome {
  /** Machines that could not be served, with the reason; the others have the image. */
  readonly failed: ReadonlyMap<string, string>;
  /** Bytes of blobs that left this computer, by digest. */
  readonly sent: ReadonlyMap<string, number>;
}

/** Does what `planPush` says. A machine that fails is reported, and the others go on. */
export async function push(
  image: Image,
  machines: readonly PushMachine[],
  candidates: readonly Candidate[],
  options: PushOptions,
): Promise<PushOutcome> {
  return await new Push(image, machines, candidates, options).run();
}

class Push {
  readonly #image: Image;
  readonly #machines: ReadonlyMap<string, PushMachine>;
  readonly #options: PushOptions;
  readonly #reference: Reference;
  /** Both end with the push. */
  readonly #secret = randomBytes(32).toString('base64url');
  readonly #key = randomBytes(32).toString('hex');
  readonly #failed = new Map<string, string>();
  readonly #sent = new Map<string, number>();
  #candidates: readonly Candidate[];

  constructor(
    image: Image,
    machines: readonly PushMachine[],
    candidates: readonly Candidate[],
    options: PushOptions,
  ) {
    this.#image = image;
    this.#machines = new Map(machines.map((machine) => [machine.name, machine]));
    this.#candidates = candidates;
    this.#options = options;
    const reference = parseReference(options.name);
    if (reference === undefined) throw new TypeError(`${options.name} is no name with a tag`);
    this.#reference = reference;
  }

  async run(): Promise<PushOutcome> {
    const home = new Home(this.#served(), this.#secret, (sent) => this.#onSent(sent));
    try {
      await this.#all(home);
    } finally {
      home.close();
    }
    this.#options.signal.throwIfAborted();
    return { failed: this.#failed, sent: this.#sent };
  }

  async #all(home: Home): Promise<void> {
    const build = await buildRelay();
    const start = (connection: Connection, role: Role) =>
      startRelay(
        connection,
        home,
        (port) => build(this.#config(connection, port, role)),
        this.#options.signal,
      );
    const { plan, seed } = await this.#chooseSeed(start);
    try {
      await Promise.all(plan.steps.map((step) => this.#step(step, seed, start)));
    } finally {
      await seed?.close();
    }
  }

  /** The first machine on which a seed can be run, and the plan that goes with it. */
  async #chooseSeed(start: Start): Promise<{ plan: PushPlan; seed: MachineRelay | undefined }> {
    for (;;) {
      const plan = planPush(this.#image, this.#options.name, this.#candidates);
      const machine = this.#machines.get(plan.seed ?? '');
      if (machine === undefined) return { plan, seed: undefined };
      try {
        const connection = await machine.connect();
        const { cache } = placesOf(machine);
        await prepareCache(connection, cache, this.#options.signal);
        return {
          plan,
          seed: await start(connection, {
            seed: {
              cache,
              name: listName(this.#image.architecture, this.#options.name),
              address: machine.address,
            },
          }),
        };
      } catch (error) {
        this.#options.signal.throwIfAborted();
        this.#withdraw(machine.name, messageOf(error));
      }
    }
  }

  #withdraw(machine: string, reason: string): void {
    this.#candidates = this.#candidates.map((each) =>
      each.name === machine ? { name: machine, found: reason } : each,
    );
    const { seed } = planPush(this.#image, this.#options.name, this.#candidates);
    this.#options.onEvent({ kind: 'reseed', machine, reason, seed });
  }

  async #step(step: Step, seed: MachineRelay | undefined, start: Start): Promise<void> {
    const machine = this.#machines.get(step.machine);
    const { onEvent, signal } = this.#options;
    try {
      if (step.action === 'skip' || machine === undefined) throw new Error(step.reason);
      if (step.action === 'keep') return;
      await this.#perform(step, machine, seed, start);
      onEvent({ kind: 'done', machine: step.machine });
    } catch (error) {
      if (signal.aborted) return;
      const reason = messageOf(error);
      this.#failed.set(step.machine, reason);
      onEvent({ kind: 'failed', machine: step.machine, reason });
    }
  }

  async #perform(
    step: Step,
    machine: PushMachine,
    seed: MachineRelay | undefined,
    start: Start,
  ): Promise<void> {
    const connection = await machine.connect();
    const docker = new Docker(connection, placesOf(machine).docker);
    const { repository, tag } = this.#reference;
    const id = this.#image.config.digest;
    if (step.action === 'tag') return docker.tag(id, repository, tag, this.#options.signal);
    const isSeed = seed !== undefined && seed.connection.target.name === step.machine;
    const peer = this.#peerOf(seed);
    const relay = isSeed ? seed : await start(connection, peer ? { peer } : {});
    try {
      await Promise.race([this.#pull(docker, relay, step.machine), relay.died]);
    } finally {
      if (!isSeed) await relay.close();
    }
  }

  #peerOf(seed: MachineRelay | undefined): RelayConfig['peer'] {
    const address = this.#machines.get(seed?.connection.target.name ?? '')?.address;
    const port = seed?.report.peers;
    return address === undefined || port === undefined ? undefined : { address, port };
  }

  #pull(docker: Docker, { report: { port } }: MachineRelay, machine: string): Promise<void> {
    const { signal, onEvent } = this.#options;
    const { config, manifest } = this.#image;
    const login = { port, user: machine, secret: this.#secret };
    const pull = { reference: this.#reference, id: config.digest, digest: manifest.digest, ...login };
    return pullImage(
      docker,
      pull,
      (layer, status) => onEvent({ kind: 'layer', machine, layer, status }),
      signal,
    );
  }

  #served(): Served {
    const { manifest, open } = this.#image;
    const { tag } = this.#reference;
    return { repository: pathOf(this.#reference), tag, manifest, blobs: blobsOf(this.#image), open };
  }

  #config(connection: Connection, home: number, role: Role): RelayConfig {
    const { bytes, ...manifest } = this.#image.manifest;
    return {
      ...{ machine: connection.target.name, home, secret: this.#secret, key: this.#key },
      ...{ repository: pathOf(this.#reference), tag: this.#reference.tag, blobs: blobsOf(this.#image) },
      manifest: { ...manifest, contents: bytes.toString('base64') },
      ...role,
    };
  }

  #onSent({ to: machine, digest, bytes }: Sent): void {
    this.#sent.set(digest, (this.#sent.get(digest) ?? 0) + bytes);
    this.#options.onEvent({ kind: 'sent', machine, digest, bytes });
  }
}

/** What a relay is in a push: the seed, one behind it, or one that has this computer alone. */
type Role = Pick<RelayConfig, 'seed' | 'peer'>;

type Start = (connection: Connection, role: Role) => Promise<MachineRelay>;
