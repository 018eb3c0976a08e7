import { expect, test } from '@jest/globals';
import { followedPath, parseFollowedPath } from './followed.ts';

const app = { service: 'app', port: 5001 };
const web = { service: 'web-2', port: 80 };

test('a path names services with their ports, and is read back as it was', () => {
  expect(followedPath([app])).toBe('/services/app/5001');
  expect(followedPath([app, web])).toBe('/services/app/5001/web-2/80');
  for (const services of [[app], [app, web]])
    expect(parseFollowedPath(followedPath(services))).toEqual(services);
});

test.each([
  '',
  '/',
  '/services',
  '/services/',
  '/services/app',
  '/services/app/',
  '/services/app/5001/',
  '/services/app/05001',
  '/services/app/http',
  '/services/app/1e3',
  '/services/app/5001?all',
  '/services/app/5001/web',
  '/flotilla/v1/services',
])('%p asks for nothing', (path) => expect(parseFollowedPath(path)).toBeUndefined());
