import * as z from 'zod';
import { operatingSystems } from '../model/operating-system.ts';
import { platformNames } from '../model/platform-name.ts';
import { awsSchema } from './aws.ts';
import { digitaloceanSchema } from './digitalocean.ts';
import { hostsSchema } from './hosts.ts';
import { imagesSchema } from './images.ts';
import { imageSchema, localSchema, startSchema } from './local.ts';
import { proxyJumpSettings } from './proxy-jump.ts';

/**
 * The stack config, `flotilla:*` in stacks/Pulumi.<stack>.yaml, as the user writes it. This schema is the only
 * place where keys, types, ranges and defaults are written down: the JSON Schema for editors is generated from
 * it and a test holds the annotated examples against it. All settings mean the same on every platform, but for those
 * in the key of a platform's name, whose schema is in a file of that name.
 */

/** RFC 1123 label, shortened so that `<group>-<index>` is a host name too. */
const groupName = z
  .string()
  .regex(/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/, 'a lower-case DNS label of at most 40 characters, like worker')
  // Every object has them, so whoever looks a group up in one finds what nobody wrote.
  .refine((name) => !(name in {}), 'another name: this one is a word of JavaScript');

const port = z.int().min(1).max(65535);

const metadata = z
  .record(
    z.string().regex(/^[A-Za-z0-9_.-]{1,63}$/, 'letters, digits, dots, dashes and underscores, at most 63'),
    z.string().regex(/^[^\s\p{Cc}="'\\]{1,255}$/u, 'text without white space, quotes, = or backslash'),
  )
  .describe('Facts about the machines that units ask for with MachineMetadata=');

const publicationForms = 'a port from 2 to 65535, or {port: 8080, service: app}';

/** A port of the machines by itself, or with the service that it follows. */
const publication = z.union(
  [
    port.min(2),
    z.strictObject({
      port: port.min(2).describe('Port on the machines'),
      service: z
        .string()
        .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'a DNS label in lower case, like app')
        .describe(
          'Service= of a unit, with this port; a load balancer leads to machines alone that have it ready',
        ),
    }),
  ],
  { error: publicationForms },
);

export const groupSchema = z
  .strictObject({
    // On the local platform 120, see addresses.ts.
    count: z.int().min(0).max(200).describe('How many machines of this group there are'),
    etcd: z.boolean().default(false).describe('Whether its machines are etcd members; 1, 3, 5 or 7 in all'),
    cpus: z.int().min(1).max(256).default(1).describe('Virtual CPUs of each machine'),
    memory: z.int().min(512).max(1048576).default(1024).describe('Memory of each machine in MiB'),
    // The file system of a built image has 4 GiB (`diskSize` in src/qemu/recipe.ts).
    disk: z.int().min(4).max(16384).default(8).describe('Disk of each machine in GiB'),
    // The database up to its quota, a second one beside it while it is defragmented, and the log (src/etcd/files.ts).
    etcdDisk: z
      .int()
      .min(10)
      .max(16384)
      .optional()
      .describe(
        "Encrypted disk of etcd's own in GiB on each machine of a group with etcd; normally etcd is on the machine's disk; aws only",
      ),
    metadata: metadata.default({}),
    publish: z
      .record(z.string().regex(/^[1-9][0-9]{0,4}$/, 'a port number, like 8080'), publication)
      .default({})
      .describe(
        'Port on 127.0.0.1 of your computer, on a cloud of the load balancer: port on the machines; goes to one that answers',
      ),
    subnet: z
      .int()
      .min(0)
      .max(65535)
      .optional()
      .describe(
        "Which /24 of the network the group's addresses come from; normally follows from its name; local only",
      ),
    generation: z
      .int()
      .min(1)
      .default(1)
      .describe('Raise it by one to replace every machine of the group by a new one, units moving first'),
    surge: z
      .literal(1)
      .optional()
      .describe(
        'How many replacements may be there beside the machines whose place they take: 1, for a roll machine by machine; normally as many as there are machines',
      ),
  })
  .describe('A group of machines that are alike');

const keyPrefix = z
  .string()
  .regex(/^(\/[\w.:@-]+)+\/$/, 'a prefix in etcd that begins and ends with a slash, like /app/')
  .refine((prefix) => !prefix.startsWith('/flotilla/'), 'a prefix outside of /flotilla/, like /app/');

export const stackSchema = z.strictObject({
  platform: z.enum(platformNames).default('local').describe('Where the machines come from'),
  os: z.enum(operatingSystems).default('debian-13').describe('What the machines run'),
  local: localSchema.optional(),
  aws: awsSchema.optional(),
  digitalocean: digitaloceanSchema.optional(),
  hosts: hostsSchema.optional(),
  proxyJump: proxyJumpSettings.optional(),
  image: imageSchema
    .optional()
    .meta({ deprecated: true, description: 'Earlier place of flotilla:local.image' }),
  start: startSchema
    .optional()
    .meta({ deprecated: true, description: 'Earlier place of flotilla:local.start' }),
  network: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, 'a private IPv4 range like 10.77.0.0/16')
    .default('10.77.0.0/16')
    .describe(
      'Private IPv4 range of the cluster; on your own computer every group of machines takes one /24 of it',
    ),
  machines: z
    .record(groupName, groupSchema)
    .refine(
      (groups) => Object.keys(groups).length > 0,
      'at least one group, like core: { count: 3, etcd: true }',
    )
    .describe('Groups of machines by name'),
  serviceKeys: z
    .array(keyPrefix)
    .default([])
    .describe(
      'Prefixes in etcd below which units may choose keys with ServiceKey=; every machine may write there',
    ),
  templateKeys: z
    .array(keyPrefix)
    .default([])
    .describe('Prefixes in etcd below which templates of units may read, on every machine'),
  images: imagesSchema
    .default({})
    .describe('Images for the Docker of every machine, name → folder, archive or image of Docker here'),
  units: z.array(z.string().min(1)).default([]).describe('Folders of systemd units to run on the cluster'),
});

export type ClusterSpec = z.output<typeof stackSchema>;
export type GroupSpec = z.output<typeof groupSchema>;
