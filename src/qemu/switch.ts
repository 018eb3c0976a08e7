/** What a switch does to the frames of one machine, for tests of what clusters do then. Absent means healthy. */
export interface Fault {
  /** No frame comes in or goes out. */
  readonly cut?: boolean;
  /** Milliseconds added to each frame, both ways. */
  readonly delay?: number;
  /** Fraction of frames lost, both ways: 0 to 1. */
  readonly loss?: number;
}

/** One receiver of a frame. */
export interface Delivery {
  readonly to: string;
  /** Milliseconds to wait first. */
  readonly delay: number;
}

export interface SwitchOptions {
  /** Milliseconds on any clock that doesn't go back. */
  readonly now: () => number;
  /** Uniform in [0, 1) */
  readonly random: () => number;
}

interface Learned {
  readonly port: string;
  seen: number;
}

/** IEEE 802.1Q's default ageing time, in milliseconds. */
export const ageingTime = 300_000;
/** A guest that makes up source addresses may not fill the memory; beyond this the oldest is forgotten. */
export const tableLimit = 4096;
/** Destination and source address, EtherType. */
const headerLength = 14;

/**
 * A learning Ethernet switch without the wires: it says who gets a frame and keeps no frame. Ports have names
 * (those of the machines). A frame never goes back where it came from, so there is nothing to loop.
 */
export class LearningSwitch {
  readonly #options: SwitchOptions;
  readonly #ports = new Set<string>();
  /** In the order of last use, so the first is the oldest. */
  readonly #table = new Map<string, Learned>();
  readonly #faults = new Map<string, Fault>();

  constructor(options: SwitchOptions) {
    this.#options = options;
  }

  connect(port: string): void {
    this.#ports.add(port);
  }

  /** Forgets all that was learned at the port: the machine may come back elsewhere. */
  disconnect(port: string): void {
    this.#ports.delete(port);
    for (const [address, learned] of this.#table) if (learned.port === port) this.#table.delete(address);
  }

  /** Faults belong to names, not to connections: a machine that is cut off stays so over its restart. */
  setFault(port: string, fault: Fault | undefined): void {
    if (fault) this.#faults.set(port, fault);
    else this.#faults.delete(port);
  }

  get faults(): ReadonlyMap<string, Fault> {
    return this.#faults;
  }

  /** Addresses by port, for the status. */
  addresses(port: string): string[] {
    return [...this.#table].flatMap(([address, learned]) => (learned.port === port ? [address] : []));
  }

  /** Learns the sender and names the receivers; none for a runt or a frame that a fault swallows. */
  forward(from: string, frame: Uint8Array): Delivery[] {
    if (frame.length < headerLength || this.#faults.get(from)?.cut) return [];
    const source = address(frame, 6);
    if (!isGroup(frame[6])) this.#learn(source, from);
    return this.#receivers(from, frame).flatMap((to) => this.#pass(from, to));
  }

  #receivers(from: string, frame: Uint8Array): string[] {
    const known = isGroup(frame[0]) ? undefined : this.#lookup(address(frame, 0));
    if (known === undefined) return [...this.#ports].filter((port) => port !== from);
    return known === from ? [] : [known];
  }

  #pass(from: string, to: string): Delivery[] {
    const [sender, receiver] = [this.#faults.get(from), this.#faults.get(to)];
    if (!sender && !receiver) return [{ to, delay: 0 }];
    if (receiver?.cut) return [];
    const kept = (1 - (sender?.loss ?? 0)) * (1 - (receiver?.loss ?? 0));
    if (this.#options.random() >= kept) return [];
    return [{ to, delay: (sender?.delay ?? 0) + (receiver?.delay ?? 0) }];
  }

  #learn(source: string, port: string): void {
    this.#table.delete(source);
    this.#table.set(source, { port, seen: this.#options.now() });
    if (this.#table.size <= tableLimit) return;
    const [oldest] = this.#table.keys();
    if (oldest !== undefined) this.#table.delete(oldest);
  }

  #lookup(destination: string): string | undefined {
    const learned = this.#table.get(destination);
    if (!learned || this.#options.now() - learned.seen > ageingTime) return undefined;
    return learned.port;
  }
}

/** The lowest bit of the first octet marks broadcast and multicast. */
function isGroup(firstOctet = 0): boolean {
  return (firstOctet & 1) === 1;
}

function address(frame: Uint8Array, offset: number): string {
  return Buffer.from(frame.buffer, frame.byteOffset + offset, 6).toString('latin1');
}
