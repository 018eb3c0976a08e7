import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { type MachineSpec, qemuArguments } from './arguments.ts';
import { qemuVersionText } from './qemu-version.ts';

/** Raised when templates must be made anew although nothing that their keys are made of has changed. */
const format = 1;

/** What of this computer a template depends on. */
export interface TemplateHost {
  /** QEMU's own text of its version. */
  readonly qemu: string;
  /** The processor's model. */
  readonly processor: string | undefined;
}

export async function templateHost(): Promise<TemplateHost> {
  return { qemu: await qemuVersionText(), processor: cpus()[0]?.model };
}

/**
 * Names the template of a spec: everything that went into it, and nothing of the machine that is to wake from it.
 * A processor passed through by KVM is part of it, since a guest can't wake on another one.
 */
export function templateKey(spec: MachineSpec, recipe: unknown, { qemu, processor }: TemplateHost): string {
  const anywhere = { ...spec, folder: '/', name: 'template', lanMac: '', ports: [] };
  const model = spec.accelerator === 'kvm' ? processor : 'emulated';
  const parts = [format, qemu, model, spec.image.key, spec.disk, qemuArguments(anywhere, {}), recipe];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}
