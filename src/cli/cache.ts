import { cacheList } from './cache-list.ts';
import { cachePrune } from './cache-prune.ts';
import { localVerb, type Verb } from './command.ts';

/** What lies in this computer's cache. Needs no cluster, so none is opened. */
export const cache: Verb = (context) =>
  localVerb('cache', {
    summary: 'list or remove the images and templates that local machines start from',
    description:
      'Shows and prunes the cache of this computer, which all local stacks share: the images that machines boot, ' +
      'and the templates, memory and disk of a machine that booted once, from which others wake. ' +
      'Needs no stack and no cluster.',
    examples: ['cache list', 'cache prune --dry-run'],
  })
    .addCommand(cacheList(context))
    .addCommand(cachePrune(context));
