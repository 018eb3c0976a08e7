import { readFile } from 'node:fs/promises';
import { applyToHost, readHost } from '../../src/hosts/perform.ts';
import type { WantedHost } from '../../src/hosts/wanted.ts';
import { settled } from '../../src/model/settled.ts';
import type { SshTarget } from '../../src/ssh/connection.ts';
import { ConnectionPool } from '../../src/ssh/pool.ts';
import { unitPath } from './hosts.ts';

/** What the other tools are given as an inventory and a playbook. */
export interface PushRequest {
  readonly targets: readonly SshTarget[];
  /** The public login key. */
  readonly owner: string;
  /** Of the unit file. */
  readonly contents: string;
}

/**
 * A process of its own, as those that it is compared with: what `flotilla:hosts:Machine` does at an update, for every
 * host of the request at the same time. Pulumi's engine is not in it.
 */
const [file = ''] = process.argv.slice(2);
const request: PushRequest = JSON.parse(await readFile(file, 'utf8'));
const wanted: WantedHost = {
  packages: [],
  groups: [],
  user: { name: 'root', groups: [] },
  files: [{ path: unitPath, contents: request.contents, mode: '0644' }],
  units: [],
};
const pool = new ConnectionPool();
try {
  await settled(
    request.targets.map(async (target) => {
      const connection = await pool.get(target);
      const owner = { cluster: 'bench', machine: target.name, owner: request.owner };
      const facts = await readHost(connection, wanted, request.owner);
      await applyToHost(connection, facts, wanted, owner, { log: () => undefined });
    }),
  );
} finally {
  await pool.close();
}
