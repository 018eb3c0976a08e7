import * as z from 'zod';
import type { ProviderConfig } from '../../../../src/provider/server.ts';
import { type Pace, readPace } from '../../plugin/pace.ts';

/** What the stock plugin can be told, and how fast time goes. */
export interface Settings extends Pace {
  readonly token: string;
  /** Such as `http://127.0.0.1:1234`. */
  readonly endpoint: string;
  readonly retry: {
    /** How often a call is repeated that was answered with 429 or 5xx, or not at all. */
    readonly most: number;
    /** Seconds before the first repetition; it doubles, up to `longest`. */
    readonly shortest: number;
    readonly longest: number;
  };
}

const Text = z.string().min(1).optional().catch(undefined);
const Given = z.coerce.number().min(0).optional();
const Args = z.object({
  token: Text,
  apiEndpoint: Text,
  httpRetryMax: Given,
  httpRetryWaitMin: Given,
  httpRetryWaitMax: Given,
});
const Variables = z.object({
  DIGITALOCEAN_TOKEN: Text,
  DIGITALOCEAN_ACCESS_TOKEN: Text,
  DIGITALOCEAN_API_URL: Text,
  DIGITALOCEAN_HTTP_RETRY_MAX: Given,
  DIGITALOCEAN_HTTP_RETRY_WAIT_MIN: Given,
  DIGITALOCEAN_HTTP_RETRY_WAIT_MAX: Given,
});

/** Settings of the provider (`digitalocean:token`) come before the environment's, as in the stock plugin. */
export function readSettings({ args }: ProviderConfig, environment: NodeJS.ProcessEnv): Settings {
  const given = Args.parse(args);
  const variables = Variables.parse(environment);
  const endpoint = given.apiEndpoint ?? variables.DIGITALOCEAN_API_URL;
  // There is no default: a test that forgot it must not call DigitalOcean.
  if (endpoint === undefined)
    throw new Error('set DIGITALOCEAN_API_URL or digitalocean:apiEndpoint to the test cloud');
  return {
    token: given.token ?? variables.DIGITALOCEAN_TOKEN ?? variables.DIGITALOCEAN_ACCESS_TOKEN ?? '',
    endpoint,
    retry: {
      most: given.httpRetryMax ?? variables.DIGITALOCEAN_HTTP_RETRY_MAX ?? 4,
      shortest: given.httpRetryWaitMin ?? variables.DIGITALOCEAN_HTTP_RETRY_WAIT_MIN ?? 1,
      longest: given.httpRetryWaitMax ?? variables.DIGITALOCEAN_HTTP_RETRY_WAIT_MAX ?? 30,
    },
    ...readPace(environment),
  };
}
