import * as z from 'zod';
import type { AnyFunction } from '../../../../src/provider/resource.ts';
import { problemsOf } from '../../plugin/resource-type.ts';
import type { Session } from './resource-type.ts';

/** As far as a cluster needs it: the stock plugin filters by any attribute. */
const args = z.strictObject({
  filters: z.array(z.strictObject({ key: z.enum(['tags', 'name']), values: z.array(z.string()) })).optional(),
});

const Page = z.object({
  droplets: z.array(
    z.object({
      id: z.number(),
      name: z.string(),
      created_at: z.string(),
      status: z.string(),
      tags: z.array(z.string()),
    }),
  ),
  links: z.object({ pages: z.object({ next: z.string().optional() }).optional() }),
});

type Seen = z.output<typeof Page>['droplets'][number];

/** Token → function. */
export function createFunctions(session: () => Session): Readonly<Record<string, AnyFunction>> {
  return {
    'digitalocean:index/getDroplets:getDroplets': {
      args,
      problems: (given) => problemsOf(args, given),
      async call(given) {
        const { filters = [] } = args.parse(given);
        const droplets = (await allDroplets(session())).filter((each) =>
          filters.every(({ key, values }) => [each[key]].flat().some((value) => values.includes(value))),
        );
        return {
          id: 'droplets',
          filters,
          droplets: droplets.map(({ created_at, ...each }) => ({ ...each, createdAt: created_at })),
        };
      },
    },
  };
}

/** Like the stock plugin it reads all pages and chooses among what it got. */
async function allDroplets({ client }: Session): Promise<Seen[]> {
  const all: Seen[] = [];
  for (let page = 1; ; page += 1) {
    const { droplets, links } = Page.parse(
      await client.call('GET', `/v2/droplets?page=${page}&per_page=200`),
    );
    all.push(...droplets);
    if (!links.pages?.next) return all;
  }
}
