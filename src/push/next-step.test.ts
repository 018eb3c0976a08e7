import { expect, test } from '@jest/globals';
import { nextStep } from './next-step.ts';

test.each(['/flotilla/v1/uptime', '/flotilla/v1/uptime/core-1', '/flotilla/v1/machines/core-1/reboot'])(
  '%s, which the agents of before do not serve: the agents are the old ones',
  (path) => {
    const step = nextStep('core-1', path, 404, `nothing is served at ${path}`);
    expect(step).toBe('; `npm run up` brings the agents to this version');
  },
);

test.each([
  ['/flotilla/v1/apply', 400, 'correct the unit file'],
  ['/flotilla/v1/rebalance', 400, /^; correct it; .*npm run up/],
  ['/flotilla/v1/rebalance', 409, /^; run it again/],
  ['/flotilla/v1/machines/core-1/drain', 400, /^; correct it/],
  ['/flotilla/v1/machines/core-1/drain', 404, /list-machines/],
  ['/flotilla/v1/units/a.service', 404, /list-unit-files/],
  ['/flotilla/v1/apply', 413, /^$/],
  ['/flotilla/v1/apply', 403, /^$/],
  // The agent names its journal, what etcd needs, or when to try again.
  ['/flotilla/v1/units', 500, /^$/],
  ['/flotilla/v1/units', 503, /^$/],
  ['/flotilla/v1/units', 415, /^; `flotilla ssh core-1 sudo journalctl -u flotilla-agent` says why$/],
])('%s %i: %s', (path, status, step) => {
  expect(nextStep('core-1', path, status)).toMatch(step);
});
