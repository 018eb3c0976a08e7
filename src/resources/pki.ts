import * as pulumi from '@pulumi/pulumi';

/** The cluster's certificate authority. Its key signs what machines ask for and never leaves the state. */
export class Pki extends pulumi.CustomResource {
  /** PEM */
  declare readonly certificate: pulumi.Output<string>;
  /** PKCS #8 PEM; a Pulumi secret. */
  declare readonly privateKey: pulumi.Output<string>;

  constructor(name: string, args: { commonName: string }, opts?: pulumi.CustomResourceOptions) {
    super(
      'flotilla:index:Pki',
      name,
      { ...args, certificate: undefined, privateKey: undefined },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ['privateKey'] }),
    );
  }
}
