import { describe, expect, test } from '@jest/globals';
import { clockSkew } from '../../src/pki/validity.ts';
import { givenUp, onMachine, placement, starts, until } from './observe.ts';
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

/** Seconds for which a certificate is good whose renewal the test waits for: it is due after half of them or later. */
const shortLife = 180;

/** The same certificate with other dates, as if it had been signed now; signers back-date by what clocks may differ. */
const shortened = `set -eu
at() { date --utc --date "$1" +%Y%m%d%H%M%SZ; }
cd ${folder}/${server}
openssl x509 -in tls.crt -out /run/short.crt \\
  -CA /etc/flotilla/pki/services-ca.crt -CAkey /etc/flotilla/pki/services-ca.key \\
  -not_before $(at '${clockSkew / 1000} seconds ago') -not_after $(at '${shortLife} seconds')
cat /run/short.crt > tls.crt
`;

/** Units that `certificatesTests` want to find on the cluster: name → contents. */
export const certificateUnits: Readonly<Record<string, string>> = {
  [server]: serverFile,
  [client]: clientFile,
};

/** What was put in the place of the server's certificate, and when its unit had been started. */
let shortLived: { machine: string; serial: string; before: Readonly<Record<string, string>> };

function serialOn(stack: Stack, machine: string): Promise<string> {
  const read = `openssl x509 -noout -serial -in ${folder}/${server}/tls.crt`;
  return onMachine(stack, machine, ['sudo', 'sh', '-c', read]);
}

/** Machines are those with etcd. */
export function certificatesTests(stackOf: () => Stack, machines: readonly string[]): void {
  const asRoot = (machine: string, command: string) =>
    onMachine(stackOf(), machine, ['sudo', 'sh', '-c', command]);
  const everywhere = (command: string) => Promise.all(machines.map((name) => asRoot(name, command)));

  describe('certificates', () => {
    let [serving, asking] = ['', ''];

    test('are there when their units start, and prove both sides to each other between machines', async () => {
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
  });
}

/** Puts a certificate in the place of the server's that has to be renewed: `renewalTest` sees it, once it is due. */
export async function endSoon(stack: Stack): Promise<void> {
  const machine = await placement(stack, server);
  const before = await starts(stack, [server]);
  await onMachine(stack, machine, ['sudo', 'sh', '-c', shortened]);
  shortLived = { machine, serial: await serialOn(stack, machine), before };
  // An agent that runs knows the dates of what it has.
  await onMachine(stack, machine, ['sudo', 'systemctl', 'restart', 'flotilla-agent']);
}

export function renewalTest(stackOf: () => Stack): void {
  test('certificates are renewed by themselves, with a reload, and their units run on', async () => {
    const { machine, serial, before } = shortLived;
    const count = ['sudo', 'sh', '-c', 'wc -l < /run/tls-reloads'];
    const isReloaded = async () => Number(await onMachine(stackOf(), machine, count)) >= 1;
    // Each look takes an emulated machine a second of its processor, and most of the time there is nothing to see.
    await until(2 * shortLife, isReloaded, 5000);
    expect(await serialOn(stackOf(), machine)).not.toBe(serial);
    expect(await starts(stackOf(), [server])).toEqual(before);
  });
}

/** To be awaited when the units of `certificateUnits` have left the cluster. */
export async function certificatesGone(stack: Stack, machines: readonly string[]): Promise<void> {
  await until(givenUp, async () => {
    const list = ['sudo', 'sh', '-c', `ls ${folder} 2>/dev/null; true`];
    const listed = await Promise.all(machines.map((name) => onMachine(stack, name, list)));
    return listed.every((names) => names === '');
  });
}
