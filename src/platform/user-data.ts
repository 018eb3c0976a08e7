import { gzipSync } from 'node:zlib';
import type { BootKeys, BuildOptions } from '../../cloud-config/build.ts';
import { buildMachineConfig, renderFirstBoot } from '../../cloud-config/first-boot.ts';
import { type OperatingSystem, systemTraits } from '../model/operating-system.ts';
import type { Problem } from '../model/problem.ts';
import type { MachinePlan } from '../plan/plan.ts';

/** Characters that no compression shortens, like a key's: a sequence of Lehmer's, the same each time. */
function* noise(): Generator<string, never> {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (let value = 1; ; value = (value * 48271) % 2147483647) yield alphabet[value % 64] ?? '';
}

/**
 * As long as those that a machine gets, and as hard to compress: an ed25519 key in OpenSSH's PEM has 387 to 411
 * characters and its comment, the machine's name or the stack's, twice. At preview they are not made yet.
 */
function sampleKeys(): BootKeys {
  const source = noise();
  const text = (length: number) => Array.from({ length }, () => source.next().value).join('');
  const lines = Array.from({ length: 6 }, () => `${text(70)}\n`);
  return {
    authorizedKey: `ssh-ed25519 ${text(68)} ${text(128)}`,
    sshHostKey: {
      privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines.join('')}-----END OPENSSH PRIVATE KEY-----\n`,
      publicKey: `ssh-ed25519 ${text(68)} ${text(64)}`,
    },
  };
}

/** cloud-init unpacks it, whatever cloud it came from; Ignition does so on none of those that are here. */
export function packed(text: string, os: OperatingSystem): Buffer {
  return systemTraits[os].firstBoot === 'cloud-config' ? gzipSync(text, { level: 9 }) : Buffer.from(text);
}

/** What a cloud takes. */
interface UserDataLimit {
  readonly cloud: string;
  /** Bytes. */
  readonly limit: number;
  /** How it is handed over; as it is by default. */
  readonly pack?: (text: string, os: OperatingSystem) => Buffer;
}

const asItIs = (text: string) => Buffer.from(text);

/** Whether a cloud takes what machines are told at their first boot. Known at preview, before there are keys. */
export function userDataProblems(
  machines: readonly MachinePlan[],
  options: BuildOptions,
  { cloud, limit, pack = asItIs }: UserDataLimit,
): Problem[] {
  // The last of a group has the longest name, and nothing else sets them apart. Rendering takes milliseconds.
  const longest = [...new Map(machines.map((plan) => [plan.group, plan])).values()];
  return longest.flatMap((plan) => {
    const config = buildMachineConfig(plan, sampleKeys(), options);
    const size = pack(renderFirstBoot(plan.os, config), plan.os).length;
    if (size <= limit) return [];
    return [
      {
        path: `flotilla:machines.${plan.group}`,
        problem: `the user data of ${plan.name} has ${size} bytes, and ${cloud} takes ${limit}`,
        fix: "shorten the group's name; all else in there is Flotilla's own, so please report it",
      },
    ];
  });
}
