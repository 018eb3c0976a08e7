import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { connect } from '../../src/ssh/connect.ts';
import { HostKeyError } from '../../src/ssh/errors.ts';
import { onMachine } from './observe.ts';
import type { Stack } from './stack.ts';

/** Machines are those with etcd, and all there are. */
export function secretsTests(stack: () => Stack, cores: readonly string[]): void {
  describe('secrets', () => {
    const keys = /-----BEGIN [A-Z ]*PRIVATE KEY-----|b3BlbnNzaC1rZXktdjE/;

    /** Not what Node compiled of the sources, which name the first line of a key: there is nothing else in it. */
    function textsBelow(folder: string): [string, string][] {
      return readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !/\.qcow2$/.test(entry.name))
        .filter((entry) => !entry.parentPath.startsWith(join(folder, 'compiled')))
        .map((entry) => join(entry.parentPath, entry.name))
        .map((path) => [path, readFileSync(path, 'latin1')]);
    }

    test('state, logs and config hold no key in the clear; user data only the one-time host key', () => {
      const holders = textsBelow(join(stack().clone, '.flotilla')).filter(([, text]) => keys.test(text));
      expect(holders.map(([path]) => path.replace(stack().clone, '')).sort()).toEqual(
        cores.map((name) => `/.flotilla/stacks/test/machines/${name}/seed/user-data`),
      );
      for (const [, text] of holders) expect(text.match(/-----BEGIN/g)).toHaveLength(1);
    });

    test('whoever has the key from the user data is refused as an impostor', async () => {
      const { connection } = await stack().outputs();
      for (const { name, host, port } of connection.machines) {
        const userData = readFileSync(join(stack().machines, name, 'seed', 'user-data'), 'utf8');
        const hostKey = /ed25519_public: (.*)/.exec(userData)?.[1] ?? '';
        const target = { name, host, port, user: 'core', privateKey: connection.privateKey, hostKey };
        await expect(connect(target)).rejects.toThrow(HostKeyError);
      }
    });

    test('the operator’s etcdctl works where etcd runs', async () => {
      const command = 'set -a; . /etc/flotilla/etcdctl.env; etcdctl user list';
      const { connection } = await stack().outputs();
      const users = (await onMachine(stack(), 'core-1', ['sh', '-c', command])).split('\n');
      expect(users).toEqual([...connection.machines.map(({ id }) => id), 'root'].sort());
    });

    test('etcd turns away who has no certificate', async () => {
      const command =
        'curl -sk --max-time 5 https://$(hostname -I | cut -d" " -f1):2379/version; echo status $?';
      expect(await onMachine(stack(), 'core-1', ['sh', '-c', command])).toMatch(/status (35|56|58)/);
    });
  });
}
