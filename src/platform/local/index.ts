import type * as pulumi from '@pulumi/pulumi';
import type { ClusterPlan } from '../../plan/plan.ts';
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

function declareMachines(plan: ClusterPlan, authorizedKey: pulumi.Output<string>, scope: Scope): Machines {
  const network = new Network(scope.name('network'), { publish: plan.publish }, scope.options);
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
