import { sizeText } from '../qemu/prune-limits.ts';
import { shortDigest } from './digest.ts';
import { blobsOf, type Image } from './image.ts';
import type { PushPlan } from './plan.ts';
import type { PushEvent } from './push.ts';

/** Says what a push does: one line for each layer that left this computer, and for each machine. */
export class PushProgress {
  readonly #say: (line: string) => void;
  readonly #sizes: ReadonlyMap<string, number>;
  readonly #planned: number;
  readonly #sent = new Map<string, number>();
  readonly #waiting: Set<string>;
  readonly #layers = new Map<string, number>();
  readonly #count: number;
  /** Machines other than the seed that get layers from here all the same. */
  readonly #direct = new Set<string>();
  #seed: string | undefined;

  constructor(image: Image, plan: PushPlan, say: (line: string) => void) {
    this.#say = say;
    this.#sizes = new Map(blobsOf(image).map(({ digest, size }) => [digest, size]));
    this.#planned = plan.bytes;
    this.#count = image.layers.length;
    this.#seed = plan.seed;
    this.#waiting = new Set(
      plan.steps.filter(({ action }) => action === 'pull').map(({ machine }) => machine),
    );
  }

  readonly onEvent = (event: PushEvent): void => {
    if (event.kind === 'sent') this.#onSent(event);
    else if (event.kind === 'layer') this.#onLayer(event);
    else if (event.kind === 'reseed') this.#onReseed(event);
    else {
      this.#waiting.delete(event.machine);
      if (event.kind === 'done') this.#say(`${event.machine} has it`);
    }
  };

  /** For a wait that takes long. */
  summary(): string {
    const planned = sizeText(Math.max(this.#planned, this.#total()));
    const waiting = [...this.#waiting].map(
      (machine) => `${machine} (${this.#layers.get(machine) ?? 0} of ${this.#count} layers)`,
    );
    return `${this.sentText()} of ${planned} sent; waiting for ${waiting.join(', ') || 'the end'}`;
  }

  sentText(): string {
    return sizeText(this.#total());
  }

  #onLayer({ machine, layer, status }: Extract<PushEvent, { kind: 'layer' }>): void {
    const count = (this.#layers.get(machine) ?? 0) + 1;
    this.#layers.set(machine, count);
    this.#say(`${machine}: layer ${layer} ${status} (${count} of ${this.#count})`);
  }

  #onReseed({ machine, reason, seed }: Extract<PushEvent, { kind: 'reseed' }>): void {
    this.#seed = seed;
    const next = seed === undefined ? 'no machine can' : `${seed} does it`;
    this.#say(`${machine} can't hand layers on: ${reason}; ${next}`);
  }

  #onSent({ machine, digest, bytes }: Extract<PushEvent, { kind: 'sent' }>): void {
    const sent = (this.#sent.get(digest) ?? 0) + bytes;
    this.#sent.set(digest, sent);
    if (machine !== this.#seed && !this.#direct.has(machine)) {
      this.#direct.add(machine);
      this.#say(
        `${machine} does not reach ${this.#seed}, so its layers come from here; see what is between them`,
      );
    }
    const size = this.#sizes.get(digest) ?? 0;
    if (sent === size) this.#say(`${shortDigest(digest)}, ${sizeText(size)}, has left this computer`);
  }

  #total(): number {
    return [...this.#sent.values()].reduce((sum, bytes) => sum + bytes, 0);
  }
}
