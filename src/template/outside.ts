/** A record of DNS (RFC 2782). */
export interface SrvRecord {
  /** With a dot at its end. */
  readonly target: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/**
 * All that a template can learn that is not in its keys. The answers are there before it is asked, so that rendering
 * waits for nothing: who renders looks up what was asked for in vain, and renders again (`renderWith`).
 */
export interface Outside {
  /** Nanoseconds since 1970. */
  now(): bigint;
  env(name: string): string | undefined;
  fileExists(path: string): boolean;
  /** Addresses of a name; none where it is not known. */
  addresses(name: string): readonly string[];
  services(service: string, protocol: string, name: string): readonly SrvRecord[];
}

/** A world in which nothing is known but what a test says. */
export function nothingOutside(known: Partial<Outside> = {}): Outside {
  return {
    now: () => 0n,
    env: () => undefined,
    fileExists: () => false,
    addresses: () => [],
    services: () => [],
    ...known,
  };
}
