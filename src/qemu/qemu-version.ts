import { run } from './command.ts';

/**
 * All that QEMU says of its version, since builds of the same number differ.
 *
 * @throws Error when there is no QEMU
 */
export async function qemuVersionText(): Promise<string> {
  return run(['qemu-system-x86_64', '--version'], {
    log: () => {},
    purpose: 'asking QEMU its version',
    deadline: 10_000,
  });
}

/** `7.2.22`; undefined when there is no QEMU. */
export async function qemuVersion(): Promise<string | undefined> {
  const text = await qemuVersionText().catch(() => '');
  return /version (\d+\.\d+(?:\.\d+)?)/.exec(text)?.[1];
}
