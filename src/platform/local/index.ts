import type * as pulumi from '@pulumi/pulumi';
import type { Publication } from '../../model/publication.ts';
import type { ClusterPlan } from '../../plan/plan.ts';
import { lifeOf } from '../../qemu/paths.ts';
import type { Machines, Platform } from '../platform.ts';
import type { Scope } from '../scope.ts';
import { Image } from './image.ts';
import { createMachine } from './machines.ts';
import { Network } from './network.ts';
import { checkHost } from './preflight.ts';

/**
 * Also where KVM works: whether it does shows only when an image is there to boot
 * (docs/decisions/0019-agent-without-jit.md).
 */
const emulated = true;

/** Machines on this computer, in QEMU. */
export const localPlatform: Platform = platformOf(checkHost);

/** @param check whether the computer can hold a plan; throws when it can't */
export function platformOf(check: (plan: ClusterPlan) => Promise<void>): Platform {
  return {
    async createMachines(
      plan: ClusterPlan,
      authorizedKey: pulumi.Output<string>,
      _privateKey: pulumi.Output<string>,
      scope: Scope,
    ): Promise<Machines> {
      await check(plan);
      return declareMachines(plan, authorizedKey, scope);
    },
  };
}

/**
 * Published ports lead to a machine's life now and to the one before, which is still there while its units move. The
 * one that is not there is passed over.
 */
function publications({ publish, machines }: ClusterPlan): Publication[] {
  const generations = new Map(machines.map(({ name, generation }) => [name, generation]));
  const lives = (name: string) => {
    const generation = generations.get(name) ?? 1;
    return [generation, generation - 1].filter((each) => each > 0).map((each) => lifeOf(name, each));
  };
  // The switch asks the port itself, whatever it follows elsewhere.
  return publish.map(({ host, guest, machines: names }) => ({ host, guest, machines: names.flatMap(lives) }));
}

function declareMachines(plan: ClusterPlan, authorizedKey: pulumi.Output<string>, scope: Scope): Machines {
  const network = new Network(scope.name('network'), { publish: publications(plan) }, scope.options);
  const { os } = plan;
  const { image: source, start } = plan.local;
  const image = new Image(scope.name(os), source ? { os, source } : { os }, scope.options);
  const prebuilt = source === undefined;
  const machines = plan.machines.map((machine) =>
    createMachine(machine, { authorizedKey, image, network, start, emulated, prebuilt, scope }),
  );
  const published = plan.publish.map(({ host }) => `http://127.0.0.1:${host}`);
  return { lifetime: network, machines, emulated, published };
}
