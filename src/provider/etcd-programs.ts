import { z } from 'zod';
import { etcdPrograms, etcdVersion, programFolder } from '../etcd/release.ts';
import { messageWithCauses } from '../model/message-of.ts';
import { type OperatingSystem, systemTraits } from '../model/operating-system.ts';
import { settled } from '../model/settled.ts';
import type { obtainProgram } from './etcd-package.ts';
import { machineAccess } from './machine-access.ts';
import { type Context, unknownValue } from './resource.ts';

/** Gives a program of etcd's, from this computer's cache or from Debian. */
export type Obtain = typeof obtainProgram;

/** The processor of every cloud's machines; hosts may have another. */
const usual = 'amd64';

/** Members of which some things may be unknown yet. */
export const sketchedMembers = z.array(
  machineAccess
    .pick({ name: true, address: true, id: true })
    .extend({ os: z.union([machineAccess.shape.os, z.literal(unknownValue)]) }),
);

/** Those whose own etcd is too old; of what is unknown nothing is said. */
export function withSentEtcd<M extends { readonly os: OperatingSystem | typeof unknownValue }>(
  members: readonly M[],
): readonly M[] {
  return members.filter(({ os }) => os !== unknownValue && systemTraits[os].etcd === 'sent');
}

/**
 * Says at preview what is going to be sent, and whether it can be had: better known before there are machines than
 * after. It may yet be had by then, so it is no reason to refuse.
 */
export async function announcePrograms(
  members: z.output<typeof sketchedMembers>,
  obtain: Obtain,
  { log, signal }: Pick<Context, 'log' | 'signal'>,
): Promise<void> {
  const sent = withSentEtcd(members);
  if (sent.length === 0) return;
  for (const { name, os } of sent)
    log(`send etcd and etcdctl ${etcdVersion} to ${name}, into ${programFolder}: those of ${os} are too old`);
  const programs = etcdPrograms[usual].map((program) => obtain(program, { log, signal }));
  await settled(programs).catch((error: unknown) => {
    signal.throwIfAborted();
    log(`up will need what cannot be had now: ${messageWithCauses(error)}`);
  });
}
