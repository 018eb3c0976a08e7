import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PushMachine, placesOf } from '../look.ts';
import { startBuildNetwork } from './build-network.ts';
import { type BuildRequest, DockerBuild } from './docker-build.ts';
import type { Room } from './room.ts';
import { StepFailed } from './steps.ts';

export interface BuildOptions {
  readonly request: BuildRequest;
  /** Whether steps reach what is outside of the cluster. */
  readonly online: boolean;
  /** Addresses that steps must not reach: those of all machines. */
  readonly machines: readonly string[];
  readonly signal: AbortSignal;
  /** Gets what the build prints, as it comes. */
  readonly onOutput: (text: string) => void;
}

/** Part of the memory that was free which a step may take: the machine's own needs grow too. */
const memoryShare = 0.9;

/** Milliseconds until all that a broken connection ends has heard of it. */
const settling = 500;

/**
 * Builds an image on a machine, in containers that are confined and gone afterwards.
 *
 * @returns the image's id
 * @throws StepFailed when a step fails
 */
export async function buildOn(
  machine: PushMachine,
  room: Room,
  context: Readable,
  { request, online, machines, signal, onOutput }: BuildOptions,
): Promise<string> {
  const connection = await machine.connect();
  const docker = new DockerBuild(connection, placesOf(machine).docker);
  const network = await startBuildNetwork(connection, docker, { online, machines }, signal);
  const unconfined = new AbortController();
  network.lost.catch((error: unknown) => unconfined.abort(error));
  const limits = { network: network.name, memory: Math.floor(room.memory * memoryShare) };
  const stop = AbortSignal.any([signal, unconfined.signal]);
  try {
    return await docker.build(request, limits, context, onOutput, stop);
  } catch (error) {
    if (error instanceof StepFailed) throw error;
    // Whatever ran over a connection that broke fails, each in its own words and in any order.
    await Promise.race([network.lost, sleep(settling)]);
    stop.throwIfAborted();
    throw error;
  } finally {
    network.end();
    context.destroy();
  }
}
