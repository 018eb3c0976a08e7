import * as pulumi from '@pulumi/pulumi';
import type { TargetState } from '../model/unit.ts';
import type { MachineAccess } from './machine.ts';

export interface UnitSetArgs {
  readonly machines: pulumi.Input<MachineAccess>[];
  readonly privateKey: pulumi.Input<string>;
  /** Unit name → its file. Instances of templates are units of their own. */
  readonly units: Record<string, { contents: string; targetState: TargetState }>;
}

/** Units on the cluster. Done when all of them are up; a unit that fails is named with its last journal lines. */
export class UnitSet extends pulumi.CustomResource {
  /** Unit name → the machines that have it. */
  declare readonly placements: pulumi.Output<Record<string, string[]>>;

  constructor(name: string, args: UnitSetArgs, opts?: pulumi.CustomResourceOptions) {
    super('flotilla:index:UnitSet', name, { ...args, placements: undefined }, opts);
  }
}
