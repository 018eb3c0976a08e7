import * as z from 'zod';

/**
 * A service at a port of the machines. What a load balancer leads there, it leads to those machines alone that have the
 * service ready at that port now.
 */
export const followedServiceSchema = z.strictObject({
  service: z.string().min(1),
  port: z.int().min(1).max(65535),
});

export type FollowedService = z.output<typeof followedServiceSchema>;

/** What a machine's agent answers a load balancer. */
export const followedSchema = z.strictObject({
  services: z.array(followedServiceSchema).min(1),
  /** Seconds from the first refusal until the balancer has surely taken the machine out. */
  notice: z.number().min(0).max(3600),
});

export type Followed = z.output<typeof followedSchema>;

/** TCP port on which agents answer load balancers. */
export const followedPort = 8403;

const root = '/services/';

/**
 * Where the agent says whether all of these services are ready on its machine, `/services/app/5001`. Nothing but letters,
 * digits, dashes and slashes: what else clouds take in the path of a health check, each says differently.
 */
export function followedPath(services: readonly FollowedService[]): string {
  return root + services.map(({ service, port }) => `${service}/${port}`).join('/');
}

/** The services that are asked for; undefined when the path is none of `followedPath`. */
export function parseFollowedPath(path: string): readonly FollowedService[] | undefined {
  const words = path.startsWith(root) ? path.slice(root.length).split('/') : [];
  if (words.length === 0 || words.length % 2 !== 0) return undefined;
  const services = Array.from({ length: words.length / 2 }, (_, at) => ({
    service: words[at * 2] ?? '',
    port: Number(words[at * 2 + 1]),
  }));
  return followedPath(services) === path ? services : undefined;
}
