import * as z from 'zod';
import type { ProviderConfig } from '../../../../src/provider/server.ts';
import { type Pace, readPace } from '../../plugin/pace.ts';

/** What the stock plugin can be told, and how fast time goes. */
export interface Settings extends Pace {
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly endpoints: Readonly<Record<Service, string>>;
  /** How often a call is repeated that was throttled, failed with 5xx, or had no answer. */
  readonly maxRetries: number;
}

const services = ['ec2', 'elbv2', 'ssm'] as const;
export type Service = (typeof services)[number];

/** The AWS SDKs' own variables, by the SDK's name of the service. */
const variables: Readonly<Record<Service, string>> = {
  ec2: 'AWS_ENDPOINT_URL_EC2',
  elbv2: 'AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2',
  ssm: 'AWS_ENDPOINT_URL_SSM',
};

const Text = z.string().min(1).optional();
const Flag = z.union([z.boolean(), z.enum(['true', 'false'])]).optional();
/** Values that are not text come as JSON. */
const json = (value: unknown) => (typeof value === 'string' ? JSON.parse(value) : value);
const Endpoints = z.preprocess(json, z.array(z.record(z.string(), z.string())).default([]));

/** What is not named is refused: nothing here would follow it. */
const Args = z.strictObject({
  region: Text,
  accessKey: Text,
  secretKey: Text,
  endpoints: Endpoints,
  maxRetries: z.coerce.number().int().min(0).default(25),
  skipCredentialsValidation: Flag,
  skipMetadataApiCheck: Flag,
  skipRegionValidation: Flag,
  skipRequestingAccountId: Flag,
  version: Text,
});

/**
 * Settings of the provider (`aws:region`) come before the environment's, as in the stock plugin. Files under ~/.aws are
 * never read.
 *
 * @throws Error when a setting is not known, or an address is not this computer's
 */
export function readSettings({ args }: ProviderConfig, environment: NodeJS.ProcessEnv): Settings {
  const parsed = Args.safeParse(args);
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => `aws:${path.join('.')}: ${message}`);
    throw new Error(`the test cloud's aws plugin can't take these settings: ${wrong.join('; ')}`);
  }
  const given = parsed.data;
  const region = given.region ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION;
  if (!region) throw new Error('set aws:region or AWS_REGION');
  const entries = services.map((service) => [service, endpointOf(service, given.endpoints, environment)]);
  return {
    region,
    credentials: {
      accessKeyId: given.accessKey ?? environment.AWS_ACCESS_KEY_ID ?? 'test',
      secretAccessKey: given.secretKey ?? environment.AWS_SECRET_ACCESS_KEY ?? 'test',
    },
    endpoints: z.record(z.enum(services), z.string()).parse(Object.fromEntries(entries)),
    maxRetries: given.maxRetries,
    ...readPace(environment),
  };
}

/** There is no default, and no other computer is taken: a test that forgot it must not call AWS. */
function endpointOf(
  service: Service,
  endpoints: readonly Readonly<Record<string, string>>[],
  environment: NodeJS.ProcessEnv,
): string {
  const given = endpoints.map((each) => each[service]).find((each) => each !== undefined);
  const url = given ?? environment[variables[service]] ?? environment.AWS_ENDPOINT_URL;
  if (!url) throw new Error(`set AWS_ENDPOINT_URL or aws:endpoints (${service}) to the test cloud`);
  if (new URL(url).hostname !== '127.0.0.1')
    throw new Error(`${url} (${service}) is not on this computer: the test cloud calls 127.0.0.1 only`);
  return url;
}
