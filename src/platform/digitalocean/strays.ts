import type { Droplet } from '@pulumi/digitalocean/droplet.js';
import { getDropletsOutput } from '@pulumi/digitalocean/getDroplets.js';
import * as pulumi from '@pulumi/pulumi';

/** What is known of a droplet. */
export interface Sighted {
  readonly id: string;
  readonly name: string;
  /** RFC 3339 */
  readonly createdAt: string;
}

/**
 * Milliseconds between a droplet and its double. The plugin sends a request again for 15 s (1 + 2 + 4 + 8) when there was no
 * answer. An earlier generation is older than that: it had to boot first.
 */
const twinsWithin = 60_000;

/**
 * Droplets that were made beside one of ours, by a request whose answer was lost: the plugin repeats it, DigitalOcean
 * does not know that it is the same, and the state knows the second one only. It would run on and be paid for.
 */
export function straysAmong(own: readonly Sighted[], seen: readonly Sighted[]): Sighted[] {
  const known = new Set(own.map(({ id }) => id));
  return seen.filter(
    (each) =>
      !known.has(each.id) &&
      own.some(({ name, createdAt }) => {
        const apart = Date.parse(each.createdAt) - Date.parse(createdAt);
        return name === each.name && Math.abs(apart) <= twinsWithin;
      }),
  );
}

/** Asks once all droplets are there. */
export function warnOfStrays(member: pulumi.Output<string>, droplets: readonly Droplet[]): void {
  const own = droplets.map(({ id, name, createdAt }) =>
    pulumi
      .all([id, name, createdAt])
      .apply(([ownId, ownName, at]) => ({ id: ownId, name: ownName, createdAt: at })),
  );
  const found = getDropletsOutput(
    { filters: [{ key: 'tags', values: [member] }] },
    { dependsOn: [...droplets] },
  );
  pulumi.all([found, pulumi.all(own)]).apply(([{ droplets: all }, machines]) => {
    const seen = all.map(({ id, name, createdAt }) => ({ id: String(id), name, createdAt }));
    for (const { id, name } of straysAmong(machines, seen))
      pulumi.log.warn(
        `${name}: there is a second droplet of this name, ${id}: the answer to the request that made it was lost, and ` +
          `another one was made. Nothing uses it, and it costs. Next step: doctl compute droplet delete ${id}, or the ` +
          'control panel',
      );
  });
}
