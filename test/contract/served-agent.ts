import { mkdtemp, rm } from 'node:fs/promises';
import type { OutgoingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveApi } from '../../src/agent/api/api.ts';
import type { ApiContext } from '../../src/agent/api/route.ts';
import { SimulatedCluster } from '../../src/agent/simulated-cluster.ts';
import { callSocket, type SocketReply } from './socket-client.ts';

/** A simulated cluster and the API of one of its agents, on a unix socket. */
export interface ServedAgent {
  readonly cluster: SimulatedCluster;
  readonly socket: string;
  /** What the API had to say to the journal. */
  readonly log: readonly string[];
  call(method: string, path: string, body?: unknown, headers?: OutgoingHttpHeaders): Promise<SocketReply>;
  end(): Promise<void>;
}

export async function serveAgent(
  machines: readonly string[] = ['core-1', 'core-2'],
  context: Partial<ApiContext> = {},
): Promise<ServedAgent> {
  const cluster = new SimulatedCluster(machines);
  await cluster.start();
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-api-'));
  const socket = join(folder, 'agent.sock');
  const log: string[] = [];
  const served = { store: cluster.store, machineId: '1'.repeat(32), version: '1', ...context };
  const server = await serveApi(socket, served, (line) => void log.push(line));
  return {
    cluster,
    socket,
    log,
    call: (method, path, body, headers) => callSocket(socket, method, path, body, headers),
    async end() {
      server.close();
      server.closeAllConnections();
      await cluster.stop();
      await rm(folder, { recursive: true });
    },
  };
}
