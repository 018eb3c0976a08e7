import * as pulumi from '@pulumi/pulumi';
import type { PlatformName } from '../model/platform-name.ts';
import type { ProxyJump } from '../model/proxy-jump.ts';

export interface HostKeyArgs {
  readonly machine: pulumi.Input<string>;
  readonly host: pulumi.Input<string>;
  readonly port: pulumi.Input<number>;
  readonly user: pulumi.Input<string>;
  readonly proxyJump?: ProxyJump | undefined;
  readonly platform: PlatformName;
  readonly oneTimeHostKey: pulumi.Input<string>;
  readonly incarnation: pulumi.Input<string>;
  readonly privateKey: pulumi.Input<string>;
}

/**
 * First contact: proved by the one-time key from the user data, the machine makes its lasting host key, which
 * replaces it. From here on only `publicKey` is accepted.
 */
export class HostKey extends pulumi.CustomResource {
  declare readonly publicKey: pulumi.Output<string>;
  declare readonly machineId: pulumi.Output<string>;

  constructor(name: string, args: HostKeyArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      'flotilla:index:HostKey',
      name,
      { ...args, publicKey: undefined, machineId: undefined },
      pulumi.mergeOptions(opts, {
        // The key belongs to the machine: a new way to reach it, or a new login key, asks for no new contact.
        ignoreChanges: ['host', 'port', 'user', 'proxyJump', 'platform', 'privateKey'],
      }),
    );
  }
}
