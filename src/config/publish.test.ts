import { expect, test } from '@jest/globals';
import { noticeOf } from './health-check.ts';
import { parseConfig } from './parse.ts';
import { followedOf, portOf } from './publish.ts';
import { groupSchema } from './schema.ts';

const app = { port: 8080, service: 'app' };
const group = (publish: object) => groupSchema.parse({ count: 1, publish });

test('a published port stands by itself or with the service that it follows', () => {
  const { publish } = group({ 80: app, 81: 9090 });
  expect(Object.values(publish).map(portOf)).toEqual([8080, 9090]);
});

test('services that ports follow are asked for once, in an order that does not depend on the config’s', () => {
  const web = { port: 8080, service: 'web' };
  const other = { port: 8081, service: 'app' };
  const expected = [
    { service: 'app', port: 8080 },
    { service: 'app', port: 8081 },
    { service: 'web', port: 8080 },
  ];
  expect(followedOf(group({ 80: app, 81: app, 82: 9090, 83: web, 84: other }))).toEqual(expected);
  expect(followedOf(group({ 80: other, 81: web, 82: app }))).toEqual(expected);
});

/** Settings of a cloud with a load balancer, as they come out of the config. */
function healthCheckOf(platform: 'aws' | 'digitalocean', healthCheck?: object) {
  const region = platform === 'aws' ? {} : { region: 'fra1' };
  const settings = {
    ...region,
    sshFrom: ['203.0.113.7'],
    loadBalancer: true,
    ...(healthCheck && { healthCheck }),
  };
  const config = { platform, [platform]: settings, machines: { core: { count: 1, etcd: true } } };
  const raw = Object.entries(config).map(([key, value]) => [
    `flotilla:${key}`,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const found = parseConfig(Object.fromEntries(raw))[platform]?.healthCheck;
  if (!found) throw new Error('a cloud has a health check');
  return found;
}

test('a machine waits for as long as its cloud’s load balancer takes to notice', () => {
  expect(noticeOf(healthCheckOf('aws'))).toBe(12);
  expect(noticeOf(healthCheckOf('digitalocean'))).toBe(8);
  expect(noticeOf(healthCheckOf('aws', { interval: 10, unhealthyThreshold: 5, margin: 10 }))).toBe(60);
  expect(() => healthCheckOf('aws', { interval: 3 })).toThrow(/healthCheck\.interval.*3 is too small/s);
  expect(() => healthCheckOf('digitalocean', { unhealthyThreshold: 1 })).toThrow(/1 is too small/);
});
