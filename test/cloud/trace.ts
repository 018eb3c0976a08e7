/** One thing that happened in the cloud. */
export type Entry =
  | {
      readonly kind: 'call';
      /** Of HTTP; at AWS the service, such as `ec2`. */
      readonly method: string;
      /** With its query; at AWS the action, such as `RunInstances`, and the same as the route. */
      readonly path: string;
      /** The path as the table of routes has it, without ids: `/v2/droplets/:droplet`. */
      readonly route: string;
      /** 0: the connection was cut. */
      readonly status: number;
      /** What the caller sent, if it was JSON; at AWS the action's parameters. */
      readonly body?: unknown;
    }
  | {
      readonly kind: 'created' | 'deleted';
      readonly type: string;
      readonly name: string;
      readonly id: string;
    };

/** What was asked of the cloud, and what came into being and went, in the order in which it happened. */
export class Trace {
  readonly entries: Entry[] = [];

  add(entry: Entry): void {
    this.entries.push(entry);
  }

  /** Calls as lines without ids, such as `GET /v2/droplets/:droplet 200`; those of one method with `method`. */
  calls(method?: string): string[] {
    return this.entries.flatMap((each) =>
      each.kind === 'call' && (method === undefined || each.method === method)
        ? [`${each.method} ${each.route} ${each.status}`]
        : [],
    );
  }

  /** Creations and deletions as lines, such as `created droplet core-1`. */
  changes(): string[] {
    return this.entries.flatMap((each) =>
      each.kind === 'call' ? [] : [`${each.kind} ${each.type} ${each.name}`],
    );
  }

  clear(): void {
    this.entries.length = 0;
  }
}
