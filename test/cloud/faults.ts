/** What a call meets in place of its answer. */
export type Effect =
  | {
      /** Status of the answer; nothing is done. */
      readonly answer: number;
      /** The cloud's own name of the error, where it does not follow from the status, such as `VcpuLimitExceeded`. */
      readonly code?: string;
      /** Default: what the API says with that status. */
      readonly message?: string;
      readonly headers?: Readonly<Record<string, string>>;
      /** Whether there is nothing but status and headers, as what stands before an API answers. */
      readonly bare?: boolean;
    }
  | {
      /** Milliseconds before it is dealt with. */
      readonly slow: number;
    }
  | {
      /** The connection breaks, before anything was done or after: the caller can't tell which. */
      readonly cut: 'before' | 'after';
    };

export interface CallFault {
  /**
   * Method and path without its query; `*` stands for anything within a segment: `GET /v2/droplets/*`. At AWS service and
   * action: `ec2 RunInstances`.
   */
  readonly call: string;
  readonly effect: Effect;
  /** How many such calls go well first; none by default. */
  readonly skip?: number;
  /** How many meet it; 1 by default. */
  readonly times?: number;
  /**
   * Counted for each path by itself, at AWS for each thing that is asked about: with 404 and a path with an id, what was
   * just created is not there yet.
   */
  readonly each?: boolean;
}

/**
 * What happens to a machine: it stays `new`; it is `off` where it should become `active`; it stops by itself some time
 * after it became active.
 */
export type Fate = 'never active' | 'off' | 'dies';

export interface MachineFault {
  /** Name of the machine or of DigitalOcean's load balancer, AWS's is `load balancer/NAME`; `*` stands for anything but `/`. */
  readonly machine: string;
  readonly fate: Fate;
  /** How many machines of that name meet it; 1 by default. */
  readonly times?: number;
}

/** Faults that are still to come. The first one that fits a call or machine and is not used up is it. */
export class Faults {
  readonly #calls: { fault: CallFault; seen: Map<string, number>; met: number }[] = [];
  readonly #machines: { fault: MachineFault; met: number }[] = [];

  add(...faults: readonly (CallFault | MachineFault)[]): void {
    for (const fault of faults)
      if ('call' in fault) this.#calls.push({ fault, seen: new Map(), met: 0 });
      else this.#machines.push({ fault, met: 0 });
  }

  clear(): void {
    this.#calls.length = 0;
    this.#machines.length = 0;
  }

  /** Faults that nothing has met, for tests to notice that they tested nothing. */
  unmet(): string[] {
    return [
      ...this.#calls.flatMap(({ fault, met }) => (met === 0 ? [fault.call] : [])),
      ...this.#machines.flatMap(({ fault, met }) => (met === 0 ? [`${fault.machine}: ${fault.fate}`] : [])),
    ];
  }

  /** @param thing that is asked about; what the path names by default */
  ofCall(method: string, path: string, thing: string = path): Effect | undefined {
    for (const each of this.#calls) {
      const { call, skip = 0, times = 1, each: byPath = false, effect } = each.fault;
      if (!fits(call, `${method} ${path}`)) continue;
      const key = byPath ? thing : '';
      const before = each.seen.get(key) ?? 0;
      if (before >= skip + times) continue;
      each.seen.set(key, before + 1);
      if (before < skip) continue;
      each.met += 1;
      return effect;
    }
    return undefined;
  }

  ofMachine(name: string): Fate | undefined {
    const found = this.#machines.find(
      ({ fault, met }) => fits(fault.machine, name) && met < (fault.times ?? 1),
    );
    if (!found) return undefined;
    found.met += 1;
    return found.fault.fate;
  }
}

function fits(pattern: string, text: string): boolean {
  const source = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${source.join('[^/]*')}$`).test(text);
}
