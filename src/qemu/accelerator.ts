import { createHash } from 'node:crypto';
import { access, constants, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '../model/message-of.ts';
import { parseJson } from '../model/parse-json.ts';
import type { Accelerator } from './arguments.ts';
import { run } from './command.ts';
import type { Image } from './image.ts';
import { withLock } from './lock.ts';
import type { Log } from './log.ts';
import { qemuVersionText } from './qemu-version.ts';
import { replaceFile } from './replace-file.ts';

/** What QEMU shows of a processor that can't go on, besides why: `extra data[0]: …`, `RAX=00…`, `R8 =00…`. */
const registers = /^(extra data\[|\w{2,4} ?= *[0-9a-f]{2})/;

/** A choice and why it was made. */
export interface AcceleratorChoice {
  readonly accelerator: Accelerator;
  readonly reason: string;
}

/** Milliseconds a kernel may take to boot and to restart the machine. KVM needs one or two seconds, emulation three. */
const probeDeadline = 5000;

/**
 * KVM where it works, emulation otherwise. /dev/kvm can be there and be broken (nested, or filtered by a
 * sandbox), and only a boot tells: without a root file system the kernel panics and, by `panic=-1`, restarts
 * the machine at once, upon which QEMU ends with 0 (`-no-reboot`).
 *
 * The answer is kept beside the images until the host, its kernel or QEMU change.
 */
export async function chooseAccelerator(image: Image, options: { log: Log }): Promise<AcceleratorChoice> {
  const closed = await kvmClosed();
  if (closed !== undefined) return { accelerator: 'tcg', reason: whyClosed(closed) };
  const file = join(image.folder, '..', 'accelerator.json');
  return await keptChoice(file, await probeKey(image), options, () => probeKvm(image, options));
}

/** What keeps this user from KVM's device; undefined when nothing does. */
export async function kvmClosed(): Promise<NodeJS.ErrnoException | undefined> {
  return access('/dev/kvm', constants.R_OK | constants.W_OK).then(
    () => undefined,
    (error) => error,
  );
}

/** By the code of the error that opening it gives. */
const closedReasons: Readonly<Record<string, { readonly reason: string; readonly fix: string }>> = {
  EACCES: {
    reason: "this user can't open /dev/kvm",
    fix: 'sudo usermod -aG kvm "$USER", then log in again',
  },
  ENOENT: {
    reason: 'this computer offers no KVM (/dev/kvm is missing)',
    fix: 'its firmware or hypervisor may switch it on',
  },
};

/** Why KVM's device can't be opened, and what changes that. */
export function explainClosed(error: NodeJS.ErrnoException): {
  readonly reason: string;
  readonly fix?: string;
} {
  return closedReasons[error.code ?? ''] ?? { reason: `KVM can't be used: ${messageOf(error)}` };
}

/** The same in one line. */
export function whyClosed(error: NodeJS.ErrnoException): string {
  const { reason, fix } = explainClosed(error);
  return fix === undefined ? reason : `${reason}: ${fix}`;
}

/**
 * Whether a kernel boots under KVM before there is an image: a boot sector stands in for it, and the answer is not kept.
 */
export function tryKvm(options: { log: Log }): Promise<AcceleratorChoice> {
  return probeKvm({}, options);
}

/**
 * The answer for `key` that `file` keeps, or else the one that `probe` finds. All machines of a cluster ask at once,
 * and one of them does the work.
 */
export async function keptChoice(
  file: string,
  key: string,
  { log }: { log: Log },
  probe: () => Promise<AcceleratorChoice>,
): Promise<AcceleratorChoice> {
  const known = await readChoice(file, key);
  if (known) return known;
  return await withLock(`${file}.lock`, { log, purpose: 'probe of KVM' }, async () => {
    const meanwhile = await readChoice(file, key);
    if (meanwhile) return meanwhile;
    const choice = await probe();
    log(`${choice.accelerator}: ${choice.reason}`);
    await replaceFile(file, JSON.stringify({ key, ...choice }));
    return choice;
  });
}

/** Everything the answer depends on: boot of the host, its kernel, QEMU, the image. */
async function probeKey(image: Image): Promise<string> {
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return createHash('sha256')
    .update(JSON.stringify([bootId, release(), await qemuVersionText(), image.key]))
    .digest('hex');
}

async function readChoice(file: string, key: string): Promise<AcceleratorChoice | undefined> {
  const known: Readonly<Record<string, unknown>> = Object(
    parseJson(await readFile(file, 'utf8').catch(() => '')),
  );
  const { accelerator, reason } = known;
  if (known.key !== key || (accelerator !== 'kvm' && accelerator !== 'tcg')) return undefined;
  return { accelerator, reason: String(reason) };
}

async function probeKvm(image: Pick<Image, 'boot'>, options: { log: Log }): Promise<AcceleratorChoice> {
  const problem = await probeBoot(image, ['-accel', 'kvm', '-cpu', 'host'], probeDeadline, options.log);
  return problem === undefined
    ? { accelerator: 'kvm', reason: 'a kernel booted under KVM' }
    : { accelerator: 'tcg', reason: `no kernel boots under KVM here (docs/local.md, Processor): ${problem}` };
}

/**
 * Boots the image's kernel without a disk and waits for the restart that ends QEMU. Images without a kernel of
 * their own are stood in for by a boot sector that restarts the machine.
 *
 * @returns what went wrong, or undefined
 */
export async function probeBoot(
  image: Pick<Image, 'boot'>,
  accelerator: readonly string[],
  deadline: number,
  log: Log,
): Promise<string | undefined> {
  const scratch = await mkdtemp(join(tmpdir(), 'flotilla-probe-'));
  try {
    const system = image.boot ? kernel(image.boot) : await bootSector(scratch);
    const machine = [
      '-nodefaults',
      '-no-user-config',
      '-machine',
      'q35',
      '-m',
      '256',
      '-display',
      'none',
      '-no-reboot',
    ];
    const purpose = 'probe of a kernel boot';
    const command = ['qemu-system-x86_64', ...machine, ...accelerator, ...system];
    await run(command, { log, purpose, deadline, killSignal: 'SIGKILL', noise: registers });
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function kernel(boot: { kernel: string; initrd: string }): string[] {
  return ['-kernel', boot.kernel, '-append', 'panic=-1 quiet'];
}

/** `mov al, 0xfe; out 0x64, al; hlt`: the keyboard controller pulls the processor's reset line. */
async function bootSector(folder: string): Promise<string[]> {
  // A disk of one sector is too small for the firmware to look at.
  const sector = Buffer.alloc(1024 ** 2);
  sector.set([0xb0, 0xfe, 0xe6, 0x64, 0xf4]);
  sector.set([0x55, 0xaa], 510);
  const file = join(folder, 'sector');
  await writeFile(file, sector);
  return ['-drive', `file=${file},format=raw,if=none,id=disk`, '-device', 'virtio-blk-pci,drive=disk'];
}
