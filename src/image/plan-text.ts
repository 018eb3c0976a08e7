import { sizeText } from '../qemu/prune-limits.ts';
import { shortDigest } from './digest.ts';
import type { Descriptor } from './image.ts';
import type { PushPlan, Step } from './plan.ts';

/** `pulls 3 layers, 121 MiB` */
export function doesText({ action, layers }: Step): string {
  return { pull: `pulls ${layersText(layers)}`, tag: 'names it', keep: 'nothing', skip: 'left out' }[action];
}

/** `3 layers, 121 MiB` */
export function layersText(layers: readonly Descriptor[]): string {
  const size = sizeText(layers.reduce((sum, layer) => sum + layer.size, 0));
  return `${layers.length} ${layers.length === 1 ? 'layer' : 'layers'}, ${size}`;
}

export function bytesText({ bytes }: PushPlan): string {
  return bytes === 0
    ? 'Nothing has to leave this computer.'
    : `At most ${sizeText(bytes)} will leave this computer.`;
}

/** A plan in lines: what each machine does, which layers move, and how much leaves this computer. */
export function planLines(plan: PushPlan): string[] {
  const moved = new Map(plan.steps.flatMap(({ layers }) => layers.map((layer) => [layer.digest, layer])));
  const steps = plan.steps.filter(({ action }) => action !== 'keep');
  return [
    ...steps.map((step) => {
      const from = step.action === 'pull' ? ` from ${step.from ?? 'here'}` : '';
      return `${step.machine} ${doesText(step)}${from}: ${step.reason}`;
    }),
    ...[...moved.values()].map(({ digest, size }) => `layer ${shortDigest(digest)}, ${sizeText(size)}`),
    ...(steps.length === 0 ? ['all machines have it'] : [bytesText(plan)]),
  ];
}
