import type { LocalMachinesOptions } from '../../test/cloud/local-machines.ts';
import type { Config } from '../../test/cluster/stack.ts';

/** A test cloud whose machines boot on this computer. */
export interface Cloud {
  /** Folder of the plugin's double. */
  readonly plugin: string;
  /** Of the environment of all that runs on the stack: where the cloud is, and who may call it. */
  readonly variables: NodeJS.ProcessEnv;
  /** What the stack config has for this platform alone. */
  readonly settings: Config;
  /** What its group of etcd members has that those of other clouds have not. */
  readonly core: Config;
  /** What is there. */
  inventory(): readonly string[];
  close(): Promise<void>;
}

export type OpenCloud = (options: LocalMachinesOptions) => Promise<Cloud>;
