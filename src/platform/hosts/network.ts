import * as pulumi from '@pulumi/pulumi';
import type { HostRequest } from '../../hosts/preflight.ts';
import type { ProxyJump } from '../../model/proxy-jump.ts';

/** A host as it is reached, and what is asked of it. */
export interface HostArgs extends HostRequest {
  readonly address: string;
  readonly port: number;
  /** A public key line, or a fingerprint. */
  readonly hostKey: string;
  readonly proxyJump?: ProxyJump;
}

export interface NetworkArgs {
  readonly hosts: readonly HostArgs[];
  readonly identityFile?: string;
  /** The stack's login key. */
  readonly privateKey: pulumi.Input<string>;
  readonly authorizedKey: pulumi.Input<string>;
}

/**
 * The hosts together: looked at, all of them, before anything is changed on any. When it goes, whatever a run that was
 * cut off left on one of them goes too.
 */
export class Network extends pulumi.CustomResource {
  /** Whether a processor is emulated among them, so that all answer late. Decided once: members' timers are alike. */
  declare readonly emulated: pulumi.Output<boolean>;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      'flotilla:hosts:Network',
      name,
      { ...args, hosts: [...args.hosts], emulated: undefined, machineIds: undefined },
      opts,
    );
  }
}
