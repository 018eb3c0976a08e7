import * as pulumi from '@pulumi/pulumi';

/** An ed25519 key pair for SSH: the operator's own, or the one-time host key of a machine's first boot. */
export class SshKey extends pulumi.CustomResource {
  /** OpenSSH PEM; a Pulumi secret. */
  declare readonly privateKey: pulumi.Output<string>;
  /** `ssh-ed25519 AAAA…` */
  declare readonly publicKey: pulumi.Output<string>;

  constructor(name: string, args: { comment: string }, opts?: pulumi.CustomResourceOptions) {
    super(
      'flotilla:index:SshKey',
      name,
      { ...args, privateKey: undefined, publicKey: undefined },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ['privateKey'] }),
    );
  }
}
