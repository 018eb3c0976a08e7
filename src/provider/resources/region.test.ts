import { expect, test } from '@jest/globals';
import { anyHandler } from '../handler.ts';
import { region } from './region.ts';

const handler = anyHandler(region);
const context = {
  urn: 'urn:region',
  name: 'region',
  stack: 'dev',
  log: () => undefined,
  signal: new AbortController().signal,
};
const frankfurt = { region: 'eu-central-1', setting: 'aws:region' };

test('a cluster begins anywhere, and stays there', async () => {
  expect(await handler.create(frankfurt, context)).toEqual({ id: 'dev/region', outputs: frankfurt });
  expect(await handler.preview(frankfurt, frankfurt, context)).toEqual(frankfurt);
  expect(await handler.update('dev/region', frankfurt, frankfurt, context)).toEqual(frankfurt);
});

const other = { region: 'us-east-1', setting: 'aws:region' };
const words =
  'the cluster lives in eu-central-1, and aws:region is us-east-1 now: everything would be made anew there, and all that ' +
  'runs in eu-central-1 would end. Nothing was changed. Next step: set aws:region to eu-central-1 again; to move, ' +
  '`npm run down` with that, and then `npm run up` with us-east-1';

test('another region is refused by preview and by up', async () => {
  await expect(handler.preview(other, frankfurt, context)).rejects.toThrow(words);
  await expect(handler.update('dev/region', other, frankfurt, context)).rejects.toThrow(words);
});

test('so is another cloud, whose region it is', async () => {
  const fra1 = { region: 'fra1', setting: 'flotilla:digitalocean.region' };
  await expect(handler.preview(fra1, frankfurt, context)).rejects.toThrow(
    'set aws:region to eu-central-1 again',
  );
});
