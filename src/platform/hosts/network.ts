import * as pulumi from '@pulumi/pulumi';
import type { AskedHost } from '../../hosts/look.ts';
import type { OperatingSystem } from '../../model/operating-system.ts';

export interface NetworkArgs {
  readonly hosts: readonly AskedHost[];
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
  /** Machine's name → what it runs. */
  declare readonly systems: pulumi.Output<Readonly<Record<string, OperatingSystem>>>;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      'flotilla:hosts:Network',
      name,
      { ...args, hosts: [...args.hosts], emulated: undefined, machineIds: undefined, systems: undefined },
      opts,
    );
  }
}
