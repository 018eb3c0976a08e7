import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { agentSocket } from '../model/api.ts';
import { followedPort, followedSchema } from '../model/followed.ts';
import { leaseSeconds } from '../model/lease.ts';
import { messageOf } from '../model/message-of.ts';

const path = z.string().startsWith('/', 'expected an absolute path');

const schema = z.strictObject({
  /** The machine's name in the plan. */
  name: z.string().min(1),
  /** IPv4 address on the cluster network. */
  address: z.ipv4(),
  metadata: z.record(z.string(), z.string()).default({}),
  /** etcd's client listeners as host:port, the nearest first. */
  endpoints: z.array(z.string().regex(/^[^/]+:\d+$/, 'expected host:port')).min(1),
  /** PEM files. */
  tls: z.strictObject({ ca: path, cert: path, key: path }),
  /** What certificates of services are signed by: the authority's, and on machines with etcd its key. PEM files. */
  services: z.strictObject({ ca: path, key: path.exactOptional() }).exactOptional(),
  socket: path.default(agentSocket),
  /** Shown as the machine's version. */
  version: z.string(),
  /**
   * Names of the machines whose agents run the engine and take changes: those with etcd, since etcd lets no other
   * certificate write. Empty: every agent may.
   */
  engines: z.array(z.string().min(1)).default([]),
  /** What load balancers ask for at `address`; without it nothing listens there. */
  followed: followedSchema.extend({ port: z.int().min(1).max(65535).default(followedPort) }).optional(),
  /** Seconds a machine is believed alive after its last sign. */
  leaseTtl: z.int().min(3).max(600).default(leaseSeconds),
});

/** `/etc/flotilla/agent.json` */
export type AgentConfig = z.infer<typeof schema>;

/** @throws with every problem of the file, one a line. */
export async function readConfig(file: string): Promise<AgentConfig> {
  const result = schema.safeParse(parseJson(file, await readFile(file, 'utf8')));
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `${file}: ${path.join('.') || 'the file'}: ${message}`,
  );
  throw new Error(problems.join('\n'));
}

/** @throws that names the file: what JSON.parse says of one that was cut off does not. */
function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is no JSON (${messageOf(error)}); \`npm run up\` writes it anew`, {
      cause: error,
    });
  }
}

/** @throws that names the file which is empty, as one is whose writing was cut off by a loss of power. */
export async function readTls({ tls }: Pick<AgentConfig, 'tls'>): Promise<AgentConfig['tls']> {
  const [ca, cert, key] = await Promise.all([tls.ca, tls.cert, tls.key].map(readFilled));
  return { ca: ca ?? '', cert: cert ?? '', key: key ?? '' };
}

/** What the config says of certificates of services, with the files' contents. */
export interface ServicesAuthority {
  /** PEM */
  readonly certificate: string;
  /** PKCS#8 PEM. A secret, on machines with etcd alone. */
  readonly privateKey?: string;
}

/** Undefined where the config names none, as that of an earlier version. @throws as `readTls` does. */
export async function readServices({
  services,
}: Pick<AgentConfig, 'services'>): Promise<ServicesAuthority | undefined> {
  if (!services) return undefined;
  const { ca, key } = services;
  return {
    certificate: await readFilled(ca),
    ...(key !== undefined && { privateKey: await readFilled(key) }),
  };
}

async function readFilled(file: string): Promise<string> {
  const text = await readFile(file, 'utf8');
  if (text === '') throw new Error(`${file} is empty; \`npm run up -- --refresh\` delivers it anew`);
  return text;
}
