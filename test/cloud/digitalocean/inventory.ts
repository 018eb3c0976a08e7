import type { Image, Region, Size } from './catalog.ts';

export interface Key {
  readonly id: number;
  readonly name: string;
  /** MD5 of the key, in hex with colons. */
  readonly fingerprint: string;
  readonly public_key: string;
}

export interface Vpc {
  readonly id: string;
  readonly urn: string;
  readonly name: string;
  readonly description: string;
  readonly region: string;
  /** CIDR */
  readonly ip_range: string;
  readonly default: boolean;
  readonly created_at: string;
}

export interface Droplet {
  readonly id: number;
  readonly created_at: string;
  readonly region: Region;
  readonly image: Image;
  readonly vpc: string;
  readonly privateAddress: string;
  readonly keys: readonly Key[];
  readonly userData: string;
  name: string;
  size: Size;
  /** GB; a size that was changed with `disk: false` has the old one. */
  disk: number;
  status: 'new' | 'active' | 'off';
  /** While an action is under way. */
  locked: boolean;
  /** Only known once it has booted. */
  addresses: { readonly v4: string; readonly v6?: string } | undefined;
  features: readonly string[];
  tags: readonly string[];
  /** It will be gone soon. */
  deleting: boolean;
}

export interface Action {
  readonly id: number;
  readonly type: string;
  readonly resource_id: number;
  readonly region: Region;
  readonly started_at: string;
  status: 'in-progress' | 'completed' | 'errored';
  completed_at: string | null;
}

export interface Firewall {
  readonly id: string;
  readonly created_at: string;
  status: 'waiting' | 'succeeded';
  name: string;
  inbound_rules: readonly object[];
  outbound_rules: readonly object[];
  droplet_ids: readonly number[];
  tags: readonly string[];
}

export interface LoadBalancer {
  readonly id: string;
  readonly created_at: string;
  readonly region: Region;
  readonly vpc: string;
  readonly ip: string;
  status: 'new' | 'active';
  name: string;
  /** What was asked for and is answered as it is. */
  settings: object;
  droplet_ids: readonly number[];
  tag: string;
  deleting: boolean;
}

export interface Project {
  readonly id: string;
  readonly created_at: string;
  updated_at: string;
  name: string;
  description: string;
  purpose: string;
  environment: string;
  is_default: boolean;
}

/** All there is in an account. */
export class Inventory {
  readonly keys = new Map<number, Key>();
  readonly vpcs = new Map<string, Vpc>();
  readonly droplets = new Map<number, Droplet>();
  readonly actions = new Map<number, Action>();
  readonly firewalls = new Map<string, Firewall>();
  readonly loadBalancers = new Map<string, LoadBalancer>();
  readonly tags = new Set<string>();
  readonly projects = new Map<string, Project>();
  /** URN → id of the project it was moved to; all others are in the default project. */
  readonly assigned = new Map<string, { readonly project: string; readonly at: string }>();

  /** What somebody has made, as `vpc main`; what comes with every account is left out. */
  names(): string[] {
    const named = (type: string, things: Iterable<{ readonly name: string }>) =>
      [...things].map(({ name }) => `${type} ${name}`);
    const own = <T extends { default?: boolean; is_default?: boolean }>(things: Iterable<T>) =>
      [...things].filter((each) => !each.default && !each.is_default);
    return [
      ...named('vpc', own(this.vpcs.values())),
      ...named('key', this.keys.values()),
      ...[...this.tags].map((tag) => `tag ${tag}`),
      ...named('droplet', this.droplets.values()),
      ...named('firewall', this.firewalls.values()),
      ...named('load balancer', this.loadBalancers.values()),
      ...named('project', own(this.projects.values())),
    ].sort();
  }
}
