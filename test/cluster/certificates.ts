import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { onMachine, placement, starts, until } from './observe.ts';
import type { Stack } from './stack.ts';

const port = 9443;
const server = 'tls-server.service';
const client = 'tls-client.service';
const folder = '/run/flotilla/certificates';
const filesOf = (unit: string) =>
  `-cert ${folder}/${unit}/tls.crt -key ${folder}/${unit}/tls.key -CAfile ${folder}/${unit}/ca.crt`;

/** It turns each line around, for clients whose certificate it believes. */
const serverFile = `[Service]
ExecStart=/usr/bin/openssl s_server -accept ${port} ${filesOf('%n')} -Verify 1 -verify_return_error -rev
ExecReload=/bin/sh -c 'echo reloaded >> /run/tls-reloads'
[X-Flotilla]
Certificate=yes
Service=tls
Port=${port}
[X-Fleet]
Conflicts=${client}
`;

const clientFile = `[Service]
ExecStart=/bin/sleep infinity
[X-Flotilla]
Certificate=yes
`;

/** Minutes for which what is signed is good while the test waits for renewals. */
const shortLife = 2;

/** `run` brings what is in the folder of units onto the cluster. Machines are those with etcd. */
export function certificatesTests(
  stackOf: () => Stack,
  machines: readonly string[],
  run: () => Promise<unknown>,
): void {
  const write = (name: string, text: string) =>
    writeFileSync(join(stackOf().clone, 'units', 'extra', name), text);
  const asRoot = (machine: string, command: string) =>
    onMachine(stackOf(), machine, ['sudo', 'sh', '-c', command]);
  const everywhere = (command: string) => Promise.all(machines.map((name) => asRoot(name, command)));

  describe('certificates', () => {
    let [serving, asking] = ['', ''];

    test('are there when their units start, and prove both sides to each other between machines', async () => {
      write(server, serverFile);
      write(client, clientFile);
      await run();
      serving = await placement(stackOf(), server);
      asking = await placement(stackOf(), client);
      expect(serving).not.toBe(asking);
      const address = (await stackOf().outputs()).machines[serving];
      const call = (files: string, name: string) =>
        asRoot(
          asking,
          `(echo hello; sleep 2) | timeout 20 openssl s_client -quiet -connect ${address}:${port} ` +
            `-verify_return_error -verify_hostname ${name} ${files} 2>&1; true`,
        );
      const own = filesOf(client);
      expect(await call(own, 'tls.services.internal')).toContain('olleh');
      expect(await call(own, 'db.services.internal')).not.toContain('olleh');
      const authorityAlone = own.slice(own.indexOf('-CAfile'));
      expect(await call(authorityAlone, 'tls.services.internal')).not.toContain('olleh');
      const { output } = await stackOf().look(['explain', server]);
      expect(output).toContain(`certificate on ${serving}: good until 20`);
    });

    test('have keys that are on their own machine only', async () => {
      const keys = await everywhere(
        `find ${folder} -name tls.key -type f -printf '%P %m %U\\n' 2>/dev/null; true`,
      );
      for (const [at, name] of machines.entries()) {
        const units = [server, client].filter((_, which) => [serving, asking][which] === name);
        const found = (keys[at] ?? '').split('\n').filter((line) => line !== '');
        expect(found.map((line) => line.replace(/\/\.[0-9a-f]{12}/, '')).sort()).toEqual(
          units.map((unit) => `${unit}/tls.key 600 0`).sort(),
        );
      }
      const etcd =
        'set -a; . /etc/flotilla/etcdctl.env; etcdctl get --prefix / | grep -c "PRIVATE KEY"; true';
      expect(await asRoot(serving, etcd)).toBe('0');
      const authority = await everywhere("stat -c '%a %U' /etc/flotilla/pki/services-ca.key");
      expect(authority).toEqual(machines.map(() => '600 root'));
    });

    test('are renewed before they end, with a reload, and their units run on', async () => {
      const before = await starts(stackOf(), [server]);
      const serial = () => asRoot(serving, `openssl x509 -noout -serial -in ${folder}/${server}/tls.crt`);
      const first = await serial();
      const config = '/etc/flotilla/agent.json';
      const days = shortLife / 60 / 24;
      await everywhere(
        `cp ${config} /run/agent.json && sed -i 's|"services": {|"services": {"days": ${days},|' ${config}`,
      );
      // What is there is good for a week: it is asked for anew when it is gone.
      await asRoot(serving, `rm -r ${folder}/${server}`);
      await everywhere('systemctl restart flotilla-agent');
      await until(360, async () => {
        const reloads = await asRoot(serving, 'wc -l < /run/tls-reloads');
        return Number(reloads) >= 2;
      });
      expect(await serial()).not.toBe(first);
      expect(await starts(stackOf(), [server])).toEqual(before);
      // No agent has to read it again: nothing asks for a certificate after this test.
      await everywhere(`cp /run/agent.json ${config}`);
    });

    test('go with their units', async () => {
      for (const name of [server, client]) rmSync(join(stackOf().clone, 'units', 'extra', name));
      await run();
      await until(60, async () =>
        (await everywhere(`ls ${folder} 2>/dev/null; true`)).every((names) => names === ''),
      );
    });
  });
}
