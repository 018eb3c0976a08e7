import type { PlatformName } from '../model/platform-name.ts';
import type { Connection } from '../ssh/connection.ts';
import type { Check } from './check.ts';
import type { StackConfig } from './stack-config.ts';

/** What is to be examined, as far as it is known before anything is looked at. */
export interface Subject {
  /** Absolute path of the clone. */
  readonly clone: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: PlatformName;
  /** The stack's name; it need not exist. */
  readonly stack: string;
  /** Whether only the platform is asked about, and no stack. */
  readonly platformAlone: boolean;
  /** Undefined where there is no file. */
  readonly config?: StackConfig | undefined;
  /** Undefined where none was looked for. */
  readonly state?: StackState | undefined;
}

/** What clouds' preflight asks for credentials by. Values that are encrypted count as present. */
export function credentialsOf({ stack, config, environment }: Subject) {
  const hidden = (config?.encrypted ?? []).map((key) => [key, 'encrypted'] as const);
  return { stack, config: { ...config?.values, ...Object.fromEntries(hidden) }, environment };
}

/** A machine as the stack made it. */
export interface ReachableMachine {
  readonly name: string;
  readonly etcd: boolean;
}

/** The stack's cluster, as it is reached with its own keys. */
export interface ReachableCluster {
  readonly machines: readonly ReachableMachine[];
  /** With the stack's key, and no other host key accepted than the one that is pinned. */
  connect(name: string): Promise<Connection>;
}

/** What came of reading the stack's state. */
export type StackState =
  | { readonly kind: 'up'; readonly cluster: ReachableCluster }
  /** There is none, which is as it should be before the first `up`. */
  | { readonly kind: 'down' }
  | { readonly kind: 'unreadable'; readonly why: string };

/** What is to be checked on one platform alone. Pure. */
export type PlatformChecks = (subject: Subject) => readonly Check[];
