/** Answers since the agent started, by method, route and status. */
export class RequestCounts {
  readonly #counts = new Map<string, RequestCount>();

  /** `route` is the pattern, never the path a client made up: each new one stays in memory. */
  add(method: string, route: string, status: number): void {
    const key = `${method} ${route} ${status}`;
    const count = (this.#counts.get(key)?.count ?? 0) + 1;
    this.#counts.set(key, { method, route, status, count });
  }

  list(): readonly RequestCount[] {
    return [...this.#counts.values()];
  }
}

export interface RequestCount {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly count: number;
}
