import { compare } from '../model/compare.ts';
import { type TemplateFunction, takes, takesMore } from './function.ts';
import type { SrvRecord } from './outside.ts';
import { Time } from './time.ts';
import { List, Struct } from './value.ts';

/** Sorted: name servers give addresses in changing order, and a file should only change when they do. */
function addressFunction(wanted: (address: string) => boolean): TemplateFunction {
  return takes(['string'], ([name], { outside }) => {
    return new List('string', [...outside.addresses(name)].filter(wanted).sort(compare));
  });
}

export const outsideFunctions: Readonly<Record<string, TemplateFunction>> = {
  /** Of confd: the default also stands in for a variable that is empty. */
  getenv: takesMore(
    ['string'],
    'string',
    ([name], [fallback = ''], { outside }) => outside.env(name) || fallback,
  ),
  datetime: takes([], (_, { outside }) => new Time(outside.now())),
  fileExists: takes(['string'], ([path], { outside }) => outside.fileExists(path)),
  lookupIP: addressFunction(() => true),
  lookupIPV4: addressFunction((address) => address.includes('.')),
  lookupIPV6: addressFunction((address) => address.includes(':')),
  lookupSRV: takes(['string', 'string', 'string'], ([service, protocol, name], { outside }) => {
    const records = [...outside.services(service, protocol, name)];
    return new List('srv', records.sort((a, b) => compare(orderOf(a), orderOf(b))).map(srv));
  }),
};

function orderOf({ target, port, priority, weight }: SrvRecord): string {
  return `${target}${port}${priority}${weight}`;
}

function srv({ target, port, priority, weight }: SrvRecord): Struct {
  const numbers = { Port: port, Priority: priority, Weight: weight };
  const fields = Object.entries(numbers).map(([name, value]) => [name, BigInt(value)] as const);
  return new Struct('srv', new Map<string, string | bigint>([['Target', target], ...fields]));
}
