import * as z from 'zod';
import { healthCheckSchema } from './health-check.ts';
import { sshFromSchema } from './ssh-from.ts';

/** `flotilla:digitalocean`: what there is to say of droplets alone. */

/** Slugs of the regions in which droplets and VPCs can be made (docs.digitalocean.com, "Regional availability"). */
export const regions = [
  'ams3',
  'atl1',
  'blr1',
  'fra1',
  'lon1',
  'nyc1',
  'nyc2',
  'nyc3',
  'sfo2',
  'sfo3',
  'sgp1',
  'syd1',
  'tor1',
] as const;

const slugForm = /^[a-z0-9][a-z0-9_.-]*$/;

const slug = z.string().regex(slugForm, 'a slug in lower case, like s-1vcpu-2gb');

const imageForms = 'a slug in lower case, like debian-13-x64, or the number of an image of yours';

/** Numbers are what YAML takes them for without quotes. */
const image = z.union([z.string().regex(slugForm, imageForms), z.int().min(1).transform(String)], {
  error: imageForms,
});

/** An address or a range, IPv4 or IPv6. */
const source = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
  error: 'an address or a range, like 203.0.113.7 or 203.0.113.0/24',
});

export const digitaloceanSchema = z
  .strictObject({
    region: z.enum(regions).describe('Slug of the region; a cluster stays where it began'),
    sshFrom: sshFromSchema(source),
    size: slug
      .optional()
      .describe("Slug of every machine's size, instead of the cheapest that has its cpus, memory and disk"),
    sizes: z.record(z.string(), slug).default({}).describe('Group → slug of the size of its machines'),
    image: image
      .optional()
      .describe(
        'Slug of an image, or the number of one of your own, for new machines; it has to have cloud-init, or Ignition where os is flatcar',
      ),
    loadBalancer: z
      .boolean()
      .default(false)
      .describe('Whether published ports answer on load balancers, one for each group that publishes'),
    // check_interval_seconds of the API's load balancers.
    healthCheck: healthCheckSchema(3),
    project: z
      .string()
      .min(1)
      .max(175)
      .optional()
      .describe('Name of a project to make, in which machines and load balancers are listed'),
  })
  .describe('Settings of the platform digitalocean');

export type DigitaloceanSettings = z.output<typeof digitaloceanSchema>;
