/** How a unit shows that it can do its work: `Ready=` in `[X-Flotilla]`. Without one, systemd's `active` is enough. */
export type Probe =
  /** A program that ends with 0; words as systemd splits them, specifiers replaced. */
  | { readonly kind: 'exec'; readonly argv: readonly string[] }
  /** A status from 200 to 399 on the machine itself. */
  | { readonly kind: 'http'; readonly port: number; readonly path: string }
  /** A connection to the machine itself is accepted. */
  | { readonly kind: 'tcp'; readonly port: number }
  /** `READY=1` by sd_notify(3): what systemd calls active with `Type=notify`. */
  | { readonly kind: 'notify' };

export interface Readiness {
  readonly probe: Probe;
  /** Seconds between two looks; default 5. */
  readonly interval: number;
  /** Seconds one look may take; default 2. */
  readonly timeout: number;
}

/** How a changed template or global unit replaces its instances. */
export interface RolloutPolicy {
  /** Instances that may be down or not ready at the same time; default 1. */
  readonly maxUnavailable: number;
  /** Whether the last good version comes back when the new one fails; default true. */
  readonly rollback: boolean;
  /** Seconds an instance gets from its start until it is ready; default 300. */
  readonly deadline: number;
}

/** A condition on a machine's metadata beyond fleet's `key=value`. */
export interface MetadataCondition {
  readonly key: string;
  readonly operator: '=' | '!=' | 'in' | 'not in' | '<' | '<=' | '>' | '>=';
  /** One value, or the list of `in` and `not in`. */
  readonly values: readonly string[];
}

/** What a unit offers to others: a `Service=`, and `Port=` and `ServiceKey=` below it. */
export interface OfferedService {
  /** A DNS label in lower case, unique in the unit. Several units may offer the same service. */
  readonly name: string;
  /** On the unit's machine, from 1 to 65535. */
  readonly port: number;
  /** `ServiceKey=`: a key in etcd outside of Flotilla's own that holds `address:port` as well. */
  readonly key?: string;
}

/** `Certificate=yes`, and whose its key is. */
export interface CertificateWish {
  /** `CertificateOwner=`: a user of the machine by name or number; default the unit's `User=`, and root without one. */
  readonly owner: string;
}

/** A unit's `[X-Flotilla]` section with all defaults filled in and specifiers replaced. */
export interface FlotillaOptions {
  /** `Weight=`: what the unit costs its machine; default 1. */
  readonly weight: number;
  /** `Spread=`: metadata key over whose values the instances of a template are spread. */
  readonly spread?: string;
  /** `MaxPerMachine=`: instances of the template on one machine at most. */
  readonly maxPerMachine?: number;
  /** `MachineMetadata=`: all must hold. */
  readonly conditions: readonly MetadataCondition[];
  /** `Fence=stop`: stopped on a machine that is cut off, before its lease could be taken over. Default `keep`. */
  readonly fence: 'stop' | 'keep';
  /** `Ready=`, with `ReadyInterval=` and `ReadyTimeout=`. */
  readonly readiness?: Readiness;
  /** `AfterReady=`: units, on whatever machine, that must be ready before this one is started. */
  readonly afterReady: readonly string[];
  /** `Service=` and `Port=`: what others find under a name while the unit is ready. */
  readonly services: readonly OfferedService[];
  /** `DeregistrationDelay=`: seconds it runs on after its services were taken back; default 5. */
  readonly deregistrationDelay: number;
  /** `Certificate=`: a certificate with the names of its services lies on its machine before it starts; absent without. */
  readonly certificate?: CertificateWish;
  /** `Template=`: names of the template resources whose files are written on the unit's machine before it starts; absent without. */
  readonly templates?: readonly string[];
  /** `Image=`: names with tags of images that its machine's Docker must have before it starts; absent without. */
  readonly images?: readonly string[];
  /** `MaxUnavailable=`, `Rollback=`, `RolloutDeadline=`. */
  readonly rollout: RolloutPolicy;
}
