import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { connect } from '../ssh/connect.ts';
import type { Connection } from '../ssh/connection.ts';
import { startTestServer, type TestServer } from '../ssh/test-server.ts';
import { FakeDocker } from './fake-docker.ts';
import type { Places, PushMachine } from './look.ts';

export interface TestMachine extends PushMachine {
  readonly docker: FakeDocker;
  readonly server: TestServer;
  readonly cache: string;
  readonly places: Places;
  stop(): Promise<void>;
}

/** A machine with an SSH server, real relays and a Docker that pulls, which all are on 127.0.0.1. */
export async function startMachine(folder: string, name: string, forwarding = true): Promise<TestMachine> {
  const home = join(folder, name);
  await mkdir(home);
  await writeFile(join(home, 'sudo'), '#!/bin/sh\nshift 2\nexec "$@"\n', { mode: 0o755 });
  const path = `${home}:${dirname(process.execPath)}:${process.env.PATH}`;
  const { server, target } = await startTestServer({ env: { ...process.env, PATH: path }, forwarding });
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
