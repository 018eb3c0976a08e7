import { expect, test } from '@jest/globals';
import { parseClusterArgs } from './cluster-args.ts';

const core = { count: 1, etcd: true };

test('a program has what a stack config has', () => {
  expect(parseClusterArgs({ machines: { core } })).toMatchObject({ platform: 'local', units: [] });
});

test('one replacement at a time is refused, as a program does not read the state', () => {
  const machines = { core, worker: { count: 2, ...JSON.parse('{"surge": 1}') } };
  expect(() => parseClusterArgs({ machines })).toThrow(
    /flotilla:machines\.worker\.surge[\s\S]*for stacks of a clone[\s\S]*make more groups/,
  );
});

test('an image of DigitalOcean is a slug, or a number with or without quotes', () => {
  const imageOf = (image: string | number) =>
    parseClusterArgs({
      platform: 'digitalocean',
      digitalocean: { region: 'fra1', sshFrom: ['203.0.113.7'], image },
      machines: { core },
    }).digitalocean?.image;
  expect([123, '123', 'debian-13-x64'].map(imageOf)).toEqual(['123', '123', 'debian-13-x64']);

  for (const image of [0, 1.5, '', 'Debian 13'])
    expect(() => imageOf(image)).toThrow(
      /digitalocean\.image: .*cannot be used\n.*the number of an image of yours/,
    );
});
