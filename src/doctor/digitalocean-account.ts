import * as z from 'zod';
import { parseJson } from '../model/parse-json.ts';
import { tokenVariables } from '../platform/digitalocean/preflight.ts';
import { type Finding, problem, warning } from './check.ts';
import { type Access, ask, publicEndpoint, urlOf } from './digitalocean-api.ts';
import type { HttpAnswer, Probes } from './probes.ts';
import type { Subject } from './subject.ts';
import { orWaiting, pulumiOf, told } from './tools.ts';

/** Seconds for the first answer of an API that is far away, and those that follow. */
export const apiDeadline = 20;

export const accountReply = z.object({
  account: z.object({
    droplet_limit: z.number(),
    status: z.string(),
    status_message: z.string().nullish(),
  }),
});

/** What the API said when it was asked for the account, and how to ask it more; or why nothing was heard. */
export type Account =
  | {
      readonly kind: 'answered';
      readonly access: Access;
      readonly answer: HttpAnswer;
      /** Milliseconds since 1970, right after the answer. */
      readonly at: number;
    }
  | { readonly kind: 'silent'; readonly said: Finding };

export const newToken = (stack: string) =>
  `make another at https://cloud.digitalocean.com/account/api/tokens, then npx pulumi config set --secret digitalocean:token --stack ${stack}`;

/** What a header can carry. `fetch` refuses anything else in words that hold the token. */
const wellFormed = /^[\x21-\x7e]+$/;

const malformed = (stack: string): Account => ({
  kind: 'silent',
  said: problem('the token is empty, or has white space or letters that no token has', newToken(stack)),
});

export type AskAccount = (probes: Probes, signal: AbortSignal) => Promise<Account>;

export async function openAccount(subject: Subject, probes: Probes, signal: AbortSignal): Promise<Account> {
  const endpoint = endpointOf(subject);
  try {
    const token = await readToken(subject, probes, signal);
    if (!wellFormed.test(token)) return malformed(subject.stack);
    const access = { endpoint, token };
    const answer = await ask('/v2/account', access, probes, signal);
    return { kind: 'answered', access, answer, at: probes.now() };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'silent', said: await orWaiting(error, subject, probes, signal) };
  }
}

/** Where the provider asks. */
export function endpointOf({ config, environment }: Subject): string {
  return config?.values['digitalocean:apiEndpoint'] || environment.DIGITALOCEAN_API_URL || publicEndpoint;
}

/** What shows whether it answers at all: without a token it says 401. */
export function tryIt(endpoint: string): string {
  return `curl --silent --show-error --head '${urlOf('/v2/account', endpoint)}'`;
}

/** In the provider's order. Pulumi alone can decrypt what stands in the config. */
async function readToken(
  { clone, stack, config, environment }: Subject,
  probes: Probes,
  signal: AbortSignal,
) {
  const key = 'digitalocean:token';
  if (config?.encrypted.includes(key)) {
    const argv = [pulumiOf({ clone }), 'config', 'get', key, '--stack', stack, '--non-interactive'];
    return told(await probes.run(argv, signal));
  }
  return config?.values[key] || tokenVariables.map((name) => environment[name]).find(Boolean) || '';
}

/** Whether there is any use in asking for more: a token may have rights to all but the account. */
export function accessOf(account: Account): Access | undefined {
  const takes = account.kind === 'answered' && [200, 403].includes(account.answer.status);
  return takes ? account.access : undefined;
}

export const notAsked: Finding = warning('not asked, since the token is not taken', 'mend that first');

/** Most droplets that the account may have; undefined when the token has no right to know. */
export function dropletLimit(account: Account): number | undefined {
  if (account.kind !== 'answered') return undefined;
  return accountReply.safeParse(parseJson(account.answer.body)).data?.account.droplet_limit;
}
