import * as z from 'zod';
import { healthCheckSchema } from './health-check.ts';
import { sshFromSchema } from './ssh-from.ts';

/** `flotilla:aws`: what there is to say of EC2 alone. The region is a setting of Pulumi's provider: `aws:region`. */

/** Last letters of the names of availability zones. Each has its place in the network (subnetRange in src/platform/aws/zones.ts). */
export const zoneLetters = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;

export type ZoneLetter = (typeof zoneLetters)[number];

const instanceType = z
  .string()
  .regex(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, 'an instance type in lower case, like t3.small');

/** An address or a range. The machines have no IPv6 addresses to reach. */
const source = z.union([z.ipv4(), z.cidrv4()], {
  error: 'an IPv4 address or a range, like 203.0.113.7 or 203.0.113.0/24',
});

const imageForms =
  'an id like ami-0123456789abcdef0, {parameter: /aws/service/debian/release/13/latest/amd64}, or ' +
  '{owner: "136693071363", name: debian-13-amd64-*}';

const imageSchema = z.union(
  [
    z.string().regex(/^ami-[0-9a-f]{8,17}$/, imageForms),
    z.strictObject({
      parameter: z
        .string()
        .regex(/^\/[A-Za-z0-9_./-]+$/, 'the whole name of an SSM parameter, which begins with /')
        .describe('Name of an SSM parameter that holds an id'),
    }),
    z.strictObject({
      owner: z
        .string()
        .regex(/^(\d{12}|self|amazon|aws-marketplace)$/, 'the 12 digits of an account in quotes, or self')
        .describe('Account that owns the image'),
      name: z
        .string()
        .min(1)
        .describe('Name of the image, with * for what may be anything; the newest is taken'),
    }),
  ],
  { error: imageForms },
);

export const awsSchema = z
  .strictObject({
    sshFrom: sshFromSchema(source),
    zones: z
      .array(z.enum(zoneLetters))
      .min(1)
      .refine((zones) => new Set(zones).size === zones.length, 'each zone once')
      .optional()
      .describe(
        "Letters of the availability zones, over which each group's machines are spread; without it, the region's first three or so that every account has",
      ),
    size: instanceType
      .optional()
      .describe(
        "Instance type of every machine, instead of the cheapest that has its group's cpus and memory",
      ),
    sizes: z.record(z.string(), instanceType).default({}).describe('Group → instance type of its machines'),
    image: imageSchema
      .optional()
      .describe(
        'Image for new machines, by id, by SSM parameter, or by owner and name; x86-64, and it has to have cloud-init, or Ignition where os is flatcar',
      ),
    loadBalancer: z
      .boolean()
      .default(false)
      .describe('Whether published ports answer on a network load balancer'),
    // HealthCheckIntervalSeconds of ELB's CreateTargetGroup.
    healthCheck: healthCheckSchema(5),
  })
  .describe('Settings of the platform aws');

export type AwsSettings = z.output<typeof awsSchema>;
