import * as pulumi from '@pulumi/pulumi';

export interface PkiArgs {
  readonly commonName: string;
  /** Whom it may vouch for. */
  readonly names: 'machines' | 'services';
}

/**
 * A certificate authority of the cluster. The one for machines signs what they ask for when `up` runs, and its key never
 * leaves the state. That for services signs on the machine that leads, so its key is on machines with etcd as well.
 */
export class Pki extends pulumi.CustomResource {
  /** PEM */
  declare readonly certificate: pulumi.Output<string>;
  /** PKCS #8 PEM; a Pulumi secret. */
  declare readonly privateKey: pulumi.Output<string>;

  constructor(name: string, args: PkiArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      'flotilla:index:Pki',
      name,
      { ...args, certificate: undefined, privateKey: undefined },
      pulumi.mergeOptions(opts, { additionalSecretOutputs: ['privateKey'] }),
    );
  }
}
