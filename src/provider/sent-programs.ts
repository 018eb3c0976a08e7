import * as z from 'zod';
import { etcdPrograms } from '../etcd/release.ts';
import { messageWithCauses } from '../model/message-of.ts';
import { type OperatingSystem, systemTraits } from '../model/operating-system.ts';
import { settled } from '../model/settled.ts';
import { nodePrograms } from '../programs/node.ts';
import type { ProgramSet } from '../programs/program.ts';
import type { Receiver } from '../programs/send.ts';
import { machineAccess } from './machine-access.ts';
import type { obtainProgram } from './obtain-program.ts';
import { type Context, unknownValue } from './resource.ts';

/** Gives a program, from this computer's cache or from where its package is. */
export type Obtain = typeof obtainProgram;

/** The processor of every cloud's machines; hosts may have another. */
const usual = 'amd64';

/** What may be sent: the trait of a system that says whether it is. */
type Sent = 'etcd' | 'node';

export const programSets: Readonly<Record<Sent, ProgramSet>> = { etcd: etcdPrograms, node: nodePrograms };

/** Machines of which some things may be unknown yet. */
export const sketchedMachines = z.array(
  machineAccess
    .pick({ name: true, address: true, id: true })
    .extend({ os: z.union([machineAccess.shape.os, z.literal(unknownValue)]) }),
);

/** Those whose own are too old, or who have none; of what is unknown nothing is said. */
export function receiversOf(
  what: Sent,
  machines: readonly { readonly name: string; readonly os: OperatingSystem | typeof unknownValue }[],
): readonly (Receiver & { readonly os: OperatingSystem })[] {
  return machines.flatMap(({ name, os }) => {
    if (os === unknownValue || systemTraits[os][what] !== 'sent') return [];
    return [{ name, os, folder: systemTraits[os].programFolder }];
  });
}

/**
 * Says at preview what is going to be sent, and whether it can be had: better known before there are machines than
 * after. It may yet be had by then, so it is no reason to refuse.
 */
export async function announcePrograms(
  what: Sent,
  machines: z.output<typeof sketchedMachines>,
  obtain: Obtain,
  { log, signal }: Pick<Context, 'log' | 'signal'>,
): Promise<void> {
  const receivers = receiversOf(what, machines);
  if (receivers.length === 0) return;
  const programs = programSets[what].programs[usual];
  const named = programs.map(({ name, version }) => `${name} ${version}`).join(' and ');
  for (const { name, os, folder } of receivers)
    log(`send ${named} to ${name}, into ${folder}: ${reason(os)}`);
  await settled(programs.map((program) => obtain(program, { log, signal }))).catch((error: unknown) => {
    signal.throwIfAborted();
    log(`up will need what cannot be had now: ${messageWithCauses(error)}`);
  });
}

function reason(os: OperatingSystem): string {
  const { label, node } = systemTraits[os];
  return node === 'sent' ? `${label} has none` : `those of ${os} are too old`;
}
