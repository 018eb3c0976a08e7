import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { ManagedUnit, Systemd } from '../../../src/agent/systemd/systemd.ts';
import { hashOf } from '../../../src/unit/hash.ts';

export const service = (lines: string) => `[Service]\n${lines}\n`;
export const daemon = service('ExecStart=/bin/sleep infinity');
export const job = service('Type=oneshot\nExecStart=/bin/true');
export const failing = service('ExecStart=/bin/false');

/** Longer than any of these units takes on an emulated machine, in tries of a tenth of a second. */
export const patience = 300;

/** What the tests do to the `Systemd` that they are about. */
export type Subject = ReturnType<typeof subjectOf>;

export function subjectOf(get: () => Systemd) {
  const find = async (name: string) => (await get().list()).find((unit) => unit.name === name);

  async function until(name: string, wanted: Partial<ManagedUnit>): Promise<void> {
    for (let tries = 0; tries < patience; tries++) {
      const unit = await find(name);
      if (Object.entries(wanted).every(([key, value]) => unit?.[key as keyof ManagedUnit] === value)) return;
      await sleep(100);
    }
    expect(await find(name)).toMatchObject(wanted);
  }

  const install = (name: string, contents: string) => get().install([{ name, contents }], []);
  const remove = (name: string) => get().install([], [name]);

  async function run(name: string, contents: string): Promise<void> {
    await install(name, contents);
    await get().start([name]);
    await until(name, { active: 'active' });
  }

  /** It is systemd that must have read the new file, not only the disk that must have it. */
  async function becomesFailing(name: string): Promise<void> {
    await install(name, failing);
    await get().start([name]);
    await until(name, { active: 'failed', hash: hashOf(failing) });
  }

  return { get, find, until, install, remove, run, becomesFailing };
}
