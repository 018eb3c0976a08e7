import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addressProblems } from '../config/addresses.ts';
import { type ClusterSpec, stackSchema } from '../config/schema.ts';
import { planCluster } from './plan.ts';

const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);

const group = fc.record({
  count: fc.nat({ max: 60 }),
  etcd: fc.boolean(),
  metadata: fc.dictionary(fc.constantFrom('zone', 'disk'), fc.constantFrom('a', 'b')),
  publish: fc.constant({ 8080: 80 }),
});

/** Specs as the config hands them on: without two groups in one subnet. */
const spec: fc.Arbitrary<ClusterSpec> = fc
  .dictionary(name, group, { minKeys: 1, maxKeys: 6 })
  .map((machines) => stackSchema.parse({ machines }))
  .filter((candidate) => addressProblems(candidate).length === 0);

const machinesOf = (candidate: ClusterSpec) => planCluster('test', candidate).machines;

describe('planCluster', () => {
  test('names and addresses are unique', () => {
    fc.assert(
      fc.property(spec, (candidate) => {
        const machines = machinesOf(candidate);
        expect(new Set(machines.map((machine) => machine.name)).size).toBe(machines.length);
        expect(new Set(machines.map((machine) => machine.address)).size).toBe(machines.length);
      }),
    );
  });

  test('two generations that follow each other have no address in common, and share their group’s /24', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 9 }), (count, generation) => {
        const addresses = (of: number) =>
          machinesOf(stackSchema.parse({ machines: { worker: { count, generation: of } } })).map(
            (machine) => machine.address,
          );
        const both = [...addresses(generation), ...addresses(generation + 1)];
        expect(new Set(both).size).toBe(2 * count);
        expect(new Set(both.map((address) => address.split('.').slice(0, 3).join('.'))).size).toBe(1);
        for (const address of both) expect(Number(address.split('.')[3])).toBeLessThan(255);
        expect(addresses(generation + 2)).toEqual(addresses(generation));
      }),
    );
  });

  test('a machine that keeps its generation keeps all that follows from it, and no other one does', () => {
    const of = (generation: number) =>
      stackSchema.parse({ machines: { worker: { count: 2, generation, surge: 1 } } });
    const [one, two] = planCluster('test', of(2), { 'worker-2': 1 }).machines;
    expect([one, two]).toEqual([machinesOf(of(2))[0], machinesOf(of(1))[1]]);
  });

  test('another count of one group changes no machine that stays', () => {
    fc.assert(
      fc.property(spec, fc.nat(), fc.nat({ max: 60 }), (before, pick, count) => {
        const names = Object.keys(before.machines);
        const chosen = names[pick % names.length] ?? '';
        const old = before.machines[chosen];
        if (!old) throw new Error('every spec has a group');
        const after = { ...before, machines: { ...before.machines, [chosen]: { ...old, count } } };
        const plans = new Map(machinesOf(after).map((machine) => [machine.name, machine]));
        for (const machine of machinesOf(before))
          expect([machine, undefined]).toContainEqual(plans.get(machine.name));
      }),
    );
  });

  test('a group that is added or removed changes no machine of another', () => {
    fc.assert(
      fc.property(spec, name, (candidate, removed) => {
        const { [removed]: _, ...rest } = candidate.machines;
        const others = machinesOf(candidate).filter((machine) => machine.group !== removed);
        expect(machinesOf({ ...candidate, machines: rest })).toEqual(others);
      }),
    );
  });

  test('the order in which groups are written does not matter', () => {
    fc.assert(
      fc.property(spec, (candidate) => {
        const reversed = Object.fromEntries(Object.entries(candidate.machines).reverse());
        expect(planCluster('test', { ...candidate, machines: reversed })).toEqual(
          planCluster('test', candidate),
        );
      }),
    );
  });
});

describe('a bastion', () => {
  const key = (letter: string) => `SHA256:${letter.repeat(43)}`;
  const host = (last: number) => ({ address: `10.0.0.${last}`, hostKey: key('a') });
  const onHosts = (proxyJump: object | undefined) =>
    planCluster(
      'test',
      stackSchema.parse({
        platform: 'hosts',
        machines: { core: { count: 1, etcd: true }, worker: { count: 1 } },
        hosts: { machines: { core: [host(5)], worker: [host(6)] } },
        proxyJump,
      }),
    );

  test('leads to every machine', () => {
    const { proxyJump, machines } = onHosts({ address: '203.0.113.9', user: 'jump', hostKey: key('b') });
    expect(proxyJump).toEqual({
      address: '203.0.113.9',
      port: 22,
      user: 'jump',
      hostKey: key('b'),
      inCluster: false,
    });
    expect(machines.map((machine) => machine.proxyJump)).toEqual([proxyJump, proxyJump]);
  });

  test('that is one of them is reached directly itself', () => {
    const { proxyJump, machines } = onHosts({ address: '10.0.0.5', user: 'admin', hostKey: key('a') });
    expect(proxyJump?.inCluster).toBe(true);
    expect(machines.map((machine) => machine.proxyJump)).toEqual([undefined, proxyJump]);
    const elsewhere = { address: '10.0.0.5', port: 2222, user: 'admin', hostKey: key('a') };
    expect(onHosts(elsewhere).proxyJump?.inCluster).toBe(false);
  });

  test('is named nowhere when there is none', () => {
    const plan = onHosts(undefined);
    for (const each of [plan, ...plan.machines]) expect(each).not.toHaveProperty('proxyJump');
  });
});

test('machines of a group whose ports follow a service are asked for it where there is a load balancer', () => {
  const publish = { 80: { port: 8080, service: 'app' }, 81: 9090 };
  const machines = { core: { count: 1, etcd: true, publish: { 443: 8443 } }, web: { count: 1, publish } };
  const followed = (more: object) =>
    planCluster('dev', stackSchema.parse({ machines, ...more })).machines.map((machine) => machine.followed);
  const digitalocean = (more: object) => ({
    platform: 'digitalocean',
    digitalocean: { region: 'fra1', sshFrom: ['203.0.113.7'], ...more },
  });
  const services = [{ service: 'app', port: 8080 }];
  expect(followed(digitalocean({ loadBalancer: true }))).toEqual([undefined, { services, notice: 8 }]);
  expect(followed(digitalocean({}))).toEqual([undefined, undefined]);
  expect(followed({})).toEqual([undefined, undefined]);
});
