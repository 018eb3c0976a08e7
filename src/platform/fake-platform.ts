import * as pulumi from '@pulumi/pulumi';
import { adminUser, type BuildOptions } from '../../cloud-config/build.ts';
import { renderCloudConfig } from '../../cloud-config/cloud-config.ts';
import { InvalidInput } from '../model/problem.ts';
import type { ClusterPlan, MachinePlan } from '../plan/plan.ts';
import { firstBoot, machineLife } from './first-boot.ts';
import type { BootedMachine, Machines, Platform } from './platform.ts';
import type { Scope } from './scope.ts';

/** The complete platform in memory: what is above platforms is tested with it, under Pulumi's mocks. */

export const fakeMachineType = 'fake:index:Machine';
export const fakeBoot: BuildOptions = { prebuilt: true, emulated: false };

interface MachineArgs {
  readonly image: string;
  readonly cpus: number;
  readonly memory: number;
  readonly disk: number;
  readonly userData: pulumi.Input<string>;
}

class FakeMachine extends pulumi.CustomResource {
  declare readonly address: pulumi.Output<string>;
  declare readonly host: pulumi.Output<string>;

  constructor(name: string, args: MachineArgs, opts?: pulumi.CustomResourceOptions) {
    super(fakeMachineType, name, { ...args, address: undefined, host: undefined }, opts);
  }
}

class FakeNetwork extends pulumi.CustomResource {
  constructor(name: string, opts: pulumi.CustomResourceOptions) {
    super('fake:index:Network', name, {}, opts);
  }
}

/** @param room how many machines it can hold */
export function fakePlatform({
  room = 100,
  image = 'one',
}: {
  room?: number;
  image?: string;
} = {}): Platform {
  return {
    async createMachines(
      plan: ClusterPlan,
      authorizedKey: pulumi.Output<string>,
      _privateKey: pulumi.Output<string>,
      scope: Scope,
    ): Promise<Machines> {
      if (plan.machines.length > room)
        throw new InvalidInput('The fake cannot hold the cluster:', [tooMany(plan, room)]);
      const network = new FakeNetwork(scope.name('network'), scope.options);
      const machines = plan.machines.map((machine) =>
        createMachine(machine, { authorizedKey, network, image, scope }),
      );
      return {
        lifetime: network,
        machines,
        emulated: fakeBoot.emulated,
        published: plan.publish.map(({ host }) => `http://fake.test:${host}`),
      };
    },
  };
}

function tooMany({ machines }: ClusterPlan, room: number) {
  return {
    path: 'flotilla:machines',
    problem: `${machines.length} machines, room for ${room}`,
    fix: 'take fewer',
  };
}

function createMachine(
  plan: MachinePlan,
  {
    authorizedKey,
    network,
    image,
    scope,
  }: { authorizedKey: pulumi.Output<string>; network: FakeNetwork; image: string; scope: Scope },
): BootedMachine {
  const { config, oneTimeHostKey } = firstBoot(plan, authorizedKey, fakeBoot, scope);
  const { cpus, memory, disk } = plan;
  const userData = pulumi.secret(config.apply(renderCloudConfig));
  const resource = new FakeMachine(
    scope.name(plan.name),
    { image, cpus, memory, disk, userData },
    { ...scope.options, ...machineLife(plan, ['image', 'userData']), dependsOn: network },
  );
  const { address, host, id: incarnation } = resource;
  const port = pulumi.output(22);
  const metadata = { rack: pulumi.interpolate`rack of ${host}`, role: 'none' };
  return { plan, resource, address, user: adminUser, host, port, incarnation, metadata, oneTimeHostKey };
}

/** What a provider of it would answer: a machine's addresses follow from its name. */
export function answerFake(
  { name, inputs }: pulumi.runtime.MockResourceArgs,
  life = 1,
): pulumi.runtime.MockResourceResult {
  return {
    id: `${name}-life-${life}`,
    state: { ...inputs, address: `${name}.internal`, host: `${name}.fake.test` },
  };
}
