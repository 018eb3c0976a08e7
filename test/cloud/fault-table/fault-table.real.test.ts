import { describe, expect, test } from '@jest/globals';
import { faultyClouds } from './clouds.ts';
import { FaultTable } from './run.ts';

/** Of each kind the one that has most parts to it; `npm run -s bench -- clouds faults` runs all. */
const selection: Readonly<Record<string, readonly string[]>> = {
  digitalocean: [
    'connection reset after a droplet was made',
    'a scope that the token lacks: the firewall is not made',
    'another region in the config',
  ],
  aws: ['no capacity in the zone'],
};

describe.each(Object.entries(faultyClouds))('%s', (platform, { open, rows }) => {
  test('what goes wrong is retried or reported, the next up converges, and destroy leaves nothing', async () => {
    const wanted = selection[platform] ?? [];
    const chosen = rows.filter(({ what }) => wanted.includes(what));
    expect(chosen.map(({ what }) => what)).toEqual(wanted);
    const cloud = await open();
    const table = new FaultTable(platform, cloud);
    try {
      await table.open();
      for (const row of chosen) expect([row.what, await table.problemsOf(row)]).toEqual([row.what, []]);
    } finally {
      table.remove();
      await cloud.close();
    }
  }, 300_000);

  test('there are twenty faults and more, each of its own name', () => {
    expect(rows.length).toBeGreaterThanOrEqual(20);
    expect(new Set(rows.map(({ what }) => what)).size).toBe(rows.length);
  });
});
