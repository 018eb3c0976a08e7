import type { IncomingHttpHeaders } from 'node:http';

/** A call to AWS, whichever of its protocols it came by. */
export interface Call {
  /** As in `aws:endpoints`: `ec2`, `elbv2`, `ssm`. */
  readonly service: string;
  readonly action: string;
  /** Of the query protocol by their whole names, `TagSpecification.1.Tag.1.Key`; of JSON by its first keys. */
  readonly params: Readonly<Record<string, string>>;
}

/** What signatures call the services, where that differs. */
const services: Readonly<Record<string, string>> = { elasticloadbalancing: 'elbv2' };

/** The service is in the signature's scope, the action in a header (JSON) or in the body (EC2's and ELB's query protocol). */
export function readCall(headers: IncomingHttpHeaders, body: string): Call {
  const [, signed = 'unknown'] =
    /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers.authorization ?? '') ?? [];
  const service = services[signed] ?? signed;
  const target = headers['x-amz-target'];
  if (typeof target === 'string')
    return { service, action: target.split('.').at(-1) ?? target, params: ofJson(body) };
  const { Action: action = 'unknown', Version: _, ...params } = Object.fromEntries(new URLSearchParams(body));
  return { service, action, params };
}

function ofJson(body: string): Record<string, string> {
  const entries = Object.entries<unknown>(JSON.parse(body || '{}'));
  return Object.fromEntries(entries.map(([key, value]) => [key, String(value)]));
}

/** What a call is about: the ids and names in it, or the tag of what it makes. */
export function thingOf({ params }: Call): string {
  const named = Object.entries(params).filter(([key]) => /(Id|Arn|Name)(\.\d+|s\.member\.\d+)?$/.test(key));
  return named.map(([, value]) => value).join(' ');
}

/** The tag `Name` that is given to what a call makes. */
export function nameTagOf({ params }: Call): string | undefined {
  const key = Object.keys(params).find((each) => /Tags?\..*Key$/.test(each) && params[each] === 'Name');
  return key && params[key.replace(/Key$/, 'Value')];
}
