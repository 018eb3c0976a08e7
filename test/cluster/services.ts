import { describe, expect, test } from '@jest/globals';
import { givenUp, onMachine, placement, until } from './observe.ts';
import type { Stack } from './stack.ts';

const helloKeys = '/flotilla/services/hello';

/**
 * What `servicesTests` want to find on the cluster: name → contents. The unit can't start without the file of its
 * template.
 */
export const serviceUnits: Readonly<Record<string, string>> = {
  'reader.toml': `[template]\nsrc = "reader.tmpl"\ndest = "/run/reader"\nkeys = ["${helloKeys}"]\n`,
  'reader.tmpl': `places:\n{{range getvs "${helloKeys}/*"}}hello at {{.}}\n{{end}}`,
  'reader.service':
    '[Service]\nExecStart=/bin/sh -ec "cat /run/reader; exec sleep infinity"\n[X-Flotilla]\nTemplate=reader.toml\n',
};

/** Where the hellos are: `10.77.0.11:8080`, that of instance 1 first. */
async function helloPlaces(stack: Stack): Promise<string[]> {
  const { machines, units } = await stack.outputs();
  return ['hello@1.service', 'hello@2.service'].map((name) => `${machines[units[name]?.[0] ?? '']}:8080`);
}

/** Of `units/hello` and `serviceUnits`. */
export function servicesTests(stack: () => Stack): void {
  describe('services', () => {
    test('are found where they are, and each is its machine’s own key', async () => {
      const { stdout } = await stack().look(['services', 'hello', '--no-legend', '--fields', 'address']);
      expect(stdout.trim().split('\n')).toEqual(await helloPlaces(stack()));
      const etcdctl =
        'set -a; . /etc/flotilla/etcdctl.env; etcdctl get --prefix --keys-only /flotilla/services/';
      const keys = await onMachine(stack(), 'core-1', ['sudo', 'sh', '-c', etcdctl]);
      const key = expect.stringMatching(/^\/flotilla\/services\/[0-9a-f]{32}\/hello\/hello@[12]\.service$/);
      expect(keys.split('\n').filter((line) => line.includes('/hello/'))).toEqual([key, key]);
    });

    test('are in a unit’s file, which is there before the unit starts', async () => {
      expect((await stack().look(['journal', 'reader.service'])).output).toContain('places:');
      const machine = await placement(stack(), 'reader.service');
      const places = await helloPlaces(stack());
      await until(givenUp, async () => {
        const file = await onMachine(stack(), machine, ['cat', '/run/reader']);
        return places.every((place) => file.includes(`hello at ${place}`));
      });
    });
  });
}
