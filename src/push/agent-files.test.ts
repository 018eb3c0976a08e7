import { describe, expect, test } from '@jest/globals';
import { agentConfig } from './agent-files.ts';

const endpoints = ['10.0.0.11:2379', '10.0.0.12:2379', '10.0.0.13:2379'];
const engines = ['core-1', 'core-2', 'core-3'];

function config(name: string, address: string) {
  return JSON.parse(agentConfig({ machine: { name, address, metadata: {} }, endpoints, engines }, '1'));
}

describe('agentConfig', () => {
  test('begins with the etcd of the machine itself', () => {
    expect(config('core-2', '10.0.0.12').endpoints).toEqual([endpoints[1], endpoints[2], endpoints[0]]);
  });

  test('spreads machines without etcd over the members', () => {
    const firsts = [21, 22, 23].map((last) => config('worker', `10.0.1.${last}`).endpoints[0]);
    expect(new Set(firsts).size).toBe(3);
  });

  test('says what a load balancer asks for, where one asks', () => {
    const machine = { name: 'web-1', address: '10.0.1.21', metadata: {} };
    const followed = { services: [{ service: 'app', port: 8080 }], notice: 12 };
    expect(JSON.parse(agentConfig({ machine, endpoints, engines, followed }, '1'))).toMatchObject({
      followed,
    });
    expect(config('web-1', '10.0.1.21')).not.toHaveProperty('followed');
  });

  test('says whose agents take changes, and holds paths of keys only', () => {
    const { engines: named, tls } = config('worker-1', '10.0.1.21');
    expect(named).toEqual(engines);
    expect(Object.values(tls).every((path) => String(path).startsWith('/etc/flotilla/pki/'))).toBe(true);
  });
});
