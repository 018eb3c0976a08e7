import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { connect } from '../ssh/connect.ts';
import type { Connection } from '../ssh/connection.ts';
import { startTestServer, type TestServer } from '../ssh/test-server.ts';
import { FakeDocker } from './fake-docker.ts';
import { relayConfigIn } from './fake-relay.ts';
import type { Places, PushMachine } from './look.ts';
import { runRelay } from './relay.ts';

export interface TestMachine extends PushMachine {
  readonly docker: FakeDocker;
  readonly server: TestServer;
  readonly cache: string;
  readonly places: Places;
  stop(): Promise<void>;
}

export interface TestMachineOptions {
  /** Whether its SSH server forwards to ports; it does by default. */
  readonly forwarding?: boolean;
  /** Whether relays are the programs that machines get; by default they run in this process, which is quicker. */
  readonly programs?: boolean;
}

/** A machine with an SSH server, relays and a Docker that pulls, which all are on 127.0.0.1. */
export async function startMachine(
  folder: string,
  name: string,
  { forwarding = true, programs = false }: TestMachineOptions = {},
): Promise<TestMachine> {
  const home = join(folder, name);
  await mkdir(home);
  await writeFile(join(home, 'sudo'), '#!/bin/sh\nshift 2\nexec "$@"\n', { mode: 0o755 });
  const path = `${home}:${dirname(process.execPath)}:${process.env.PATH}`;
  const { server, target } = await startTestServer({
    ...{ env: { ...process.env, PATH: path }, forwarding },
    ...(!programs && { scripts: new Map([['image-relay', (stdin) => runRelay(relayConfigIn(stdin))]]) }),
  });
  const docker = await new FakeDocker(join(home, 'docker.sock')).listen();
  const cache = join(home, 'cache', 'images');
  const connections: Connection[] = [];
  let dialed: Promise<Connection> | undefined;
  const user = process.getuid?.() === 0 ? 'root' : target.user;
  return {
    ...{ name, address: '127.0.0.1', docker, server, cache },
    places: { docker: docker.socket, cache },
    stop: async () => {
      await Promise.all(connections.map((connection) => connection.close()));
      docker.close();
      await server.close();
    },
    connect: () => {
      dialed ??= connect({ ...target, name, user }, { deadline: 2 }).then((connection) => {
        connections.push(connection);
        return connection;
      });
      return dialed;
    },
  };
}
