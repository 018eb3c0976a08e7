import { expect, test } from '@jest/globals';
import { unitNameOfPath } from './path-name.ts';

/** Expected names are what `systemd-escape --path --suffix=mount` prints. */
test.each([
  ['/', '-.mount'],
  ['/var/lib/data', 'var-lib-data.mount'],
  ['//var//lib/./data/', 'var-lib-data.mount'],
  ['/var/lib/my-data', 'var-lib-my\\x2ddata.mount'],
  ['/.cache', '\\x2ecache.mount'],
  ['/srv/é', 'srv-\\xc3\\xa9.mount'],
  ['/srv/a b@c', 'srv-a\\x20b\\x40c.mount'],
])('%s', (path, name) => expect(unitNameOfPath(path, '.mount')).toBe(name));
