import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Authority, createAuthority } from '../pki/authority.ts';
import { inspectCertificate } from '../pki/inspect.ts';
import { serviceNames } from '../pki/name-constraints.ts';
import { serviceCertificateProblem } from '../pki/service-leaf.ts';
import { readCluster } from '../store/cluster-state.ts';
import { certificateKey, encodeCertificate, prefixes } from '../store/keys.ts';
import { hashOf } from '../unit/hash.ts';
import { SimulatedCluster, type SimulatedMachine } from './simulated-cluster.ts';

const unit = 'app.service';
const day = 24 * 60 * 60;
let authority: Authority;
let cluster: SimulatedCluster;

beforeAll(async () => {
  const now = new Date(Date.UTC(2025, 0, 1));
  authority = await createAuthority({ name: 'flotilla test services', permitted: serviceNames, now });
});

beforeEach(() => {
  cluster = new SimulatedCluster(['core-1', 'core-2', 'core-3']);
  for (const machine of cluster.machines) machine.authority = authority;
});

afterEach(() => cluster.stop());

/** Time passes second by second, and waits for what is signed meanwhile, which takes time that is real. */
async function seconds(count: number): Promise<void> {
  const all = () => cluster.machines.flatMap(({ signing }) => [...signing]);
  for (let second = 0; second < count; second++) {
    await cluster.clock.advance(1000);
    for (let signing = all(); signing.length > 0; signing = all()) await Promise.allSettled(signing);
  }
}

/** Whole days pass in one go, in which nobody comes to sign anything; then some seconds. */
async function days(count: number): Promise<void> {
  for (const machine of cluster.machines) machine.ahead += count * day * 1000;
  await seconds(45);
}

function certified(more = '', service = 'app') {
  const own = `[X-Flotilla]\nCertificate=yes\nService=${service}\nPort=80\n${more}`;
  const contents = `[Service]\nExecStart=/bin/sleep inf\n${own}`;
  return { name: unit, contents, targetState: 'launched' as const };
}

async function push(...units: ReturnType<typeof certified>[]): Promise<void> {
  await cluster.apply({ put: units });
  await seconds(5);
}

async function host(): Promise<SimulatedMachine> {
  const { placements } = await readCluster(cluster.store);
  const id = placements.find((placement) => placement.unit === unit)?.machineId;
  const found = cluster.machines.find(({ machine }) => machine.id === id);
  if (!found) throw new Error(`${unit} is placed nowhere`);
  return found;
}

async function statusOf() {
  const { units } = await cluster.units();
  return units.find(({ name }) => name === unit)?.states[0];
}

const certificateOn = ({ certificates }: SimulatedMachine) => certificates.sets.get(unit)?.certificate ?? '';
const reloads = () => cluster.takeCalls().filter((call) => call.includes('reload'));

/** Keys in etcd that are about certificates. */
async function traces(): Promise<string[]> {
  const lists = [prefixes.request, prefixes.certificate].map((prefix) => cluster.store.list(prefix));
  return (await Promise.all(lists)).flatMap(({ keys }) => keys.map(({ key }) => key));
}

describe('a unit with a certificate', () => {
  test('starts when it has one, tells until when it is good, and leaves nothing in etcd', async () => {
    await cluster.start();
    await push(certified());
    const machine = await host();
    expect(await machine.running()).toEqual([unit]);
    const { name, address } = machine.machine;
    const held = machine.certificates.sets.get(unit);
    if (!held) throw new Error('it has no certificate');
    expect(
      serviceCertificateProblem(held, { unit, machine: name, address, services: ['app'] }),
    ).toBeUndefined();
    expect(held).toMatchObject({ uid: 0, authority: authority.certificate });
    const until = inspectCertificate(held.certificate).notAfter.toISOString();
    expect(await statusOf()).toMatchObject({ certificate: { until } });
    expect(await statusOf()).not.toHaveProperty('waiting');
    await seconds(2);
    expect(await traces()).toEqual([]);
    const all = await cluster.store.list('/flotilla/');
    expect(JSON.stringify(all.keys.map(({ value }) => value))).not.toContain('PRIVATE');
    expect(cluster.machines.filter(({ certificates }) => certificates.sets.size > 0)).toEqual([machine]);
    expect(reloads()).toEqual([]);
  });

  test('gets a key of the user that it names, and waits while the machine has no such user', async () => {
    await cluster.start();
    await push(certified('CertificateOwner=nginx\n'));
    expect((await host()).certificates.sets.get(unit)?.uid).toBe(33);
    await push(certified('CertificateOwner=nobody-here\n'));
    // The version before runs on for DeregistrationDelay=.
    await seconds(5);
    expect(await statusOf()).toMatchObject({
      waiting: 'waits for its certificate: there is no user nobody-here on this machine',
    });
  });

  test('waits while nobody can sign, says so, and starts when somebody can', async () => {
    for (const machine of cluster.machines) machine.authority = undefined;
    await cluster.start();
    await push(certified());
    expect(await (await host()).running()).toEqual([]);
    expect(await statusOf()).toMatchObject({
      waiting: expect.stringMatching(
        /^waits for its certificate: this machine has no certificate of the auth/,
      ),
    });
    for (const machine of cluster.machines) {
      await machine.end();
      machine.authority = authority;
      machine.boot();
    }
    await seconds(90);
    expect(await (await host()).running()).toEqual([unit]);
  });

  test('says why a leader signs nothing, and gets its certificate from the next one', async () => {
    await cluster.start();
    const leader = await cluster.leader();
    leader.lie = () => Promise.reject(new Error('the key is gone'));
    const other = cluster.machines.find((machine) => machine !== leader)?.machine.id;
    await push(certified(`[X-Fleet]\nMachineID=${other}\n`));
    expect(await statusOf()).toMatchObject({
      waiting: 'waits for its certificate: nothing was signed: the key is gone',
    });
    await leader.kill();
    await seconds(90);
    expect(await (await host()).running()).toEqual([unit]);
  });

  test('is not started with a certificate that is not what it asked for', async () => {
    await cluster.start();
    const lie = async (csr: string) => {
      const { name, address } = (await host()).machine;
      const { signServiceLeaf } = await import('../pki/service-leaf.ts');
      const leaf = { unit, machine: name, address, services: ['db'] };
      return signServiceLeaf({ authority, csr, leaf, now: new Date(Date.UTC(2026, 0, 1)) });
    };
    for (const machine of cluster.machines) machine.lie = lie;
    await push(certified());
    expect([await (await host()).running(), certificateOn(await host())]).toEqual([[], '']);
    expect(await statusOf()).toMatchObject({
      waiting: 'waits for its certificate: what was signed has other names than the unit’s services',
    });
    for (const machine of cluster.machines) machine.lie = undefined;
    await seconds(75);
    expect(await (await host()).running()).toEqual([unit]);
  });
});

describe('a certificate', () => {
  test('is renewed at two thirds of its life with a new key and a reload, and the unit runs on', async () => {
    await cluster.start();
    await push(certified());
    const machine = await host();
    const before = machine.certificates.sets.get(unit);
    await days(3);
    expect([certificateOn(machine), reloads()]).toEqual([before?.certificate, []]);
    await days(2);
    const after = machine.certificates.sets.get(unit);
    expect(after?.privateKey).not.toBe(before?.privateKey);
    expect(cluster.takeCalls().filter((call) => !call.includes('guard'))).toEqual([
      `${machine.name}: reload ${unit}`,
    ]);
    await seconds(60);
    expect([reloads(), await traces()]).toEqual([[], []]);
  });

  test('stays in use while nobody signs, and its state says what is wrong', async () => {
    await cluster.start();
    await push(certified());
    const machine = await host();
    const before = certificateOn(machine);
    for (const each of cluster.machines) each.lie = () => Promise.reject(new Error('the key is gone'));
    await days(5);
    expect([certificateOn(machine), await machine.running()]).toEqual([before, [unit]]);
    expect(await statusOf()).toMatchObject({
      certificate: { problem: 'nothing was signed: the key is gone' },
    });
  });

  test('is kept by an agent that restarts, and nothing is told of it', async () => {
    await cluster.start();
    await push(certified());
    const machine = await host();
    const before = certificateOn(machine);
    cluster.takeCalls();
    await machine.end();
    machine.boot();
    await seconds(40);
    expect([certificateOn(machine), cluster.takeCalls()]).toEqual([before, []]);
    expect(await statusOf()).toMatchObject({ certificate: { until: expect.any(String) } });
  });

  test('that ended while the agent was away is another one when it is back, and the unit is told', async () => {
    await cluster.start();
    await push(certified());
    const machine = await host();
    const before = certificateOn(machine);
    await machine.end();
    for (const each of cluster.machines) each.ahead += 8 * day * 1000;
    machine.boot();
    await seconds(60);
    expect(certificateOn(machine)).not.toBe(before);
    expect(reloads()).toEqual([`${machine.name}: reload ${unit}`]);
  });

  test('is told of after the agent’s restart, when the reload failed or the agent ended before', async () => {
    await cluster.start();
    await push(certified());
    const machine = await host();
    machine.systemd.refused.add(unit);
    await days(5);
    expect(await statusOf()).toMatchObject({
      certificate: { problem: expect.stringContaining('ended with') },
    });
    await machine.end();
    machine.systemd.refused.clear();
    cluster.takeCalls();
    machine.boot();
    await seconds(40);
    expect(reloads()).toEqual([`${machine.name}: reload ${unit}`]);
    expect((await statusOf())?.certificate).not.toHaveProperty('problem');
  });

  test('is another one when the unit’s services change', async () => {
    await cluster.start();
    await push(certified());
    await push(certified('', 'web'));
    await seconds(5);
    const { names } = inspectCertificate(certificateOn(await host()));
    expect([names, await (await host()).running()]).toEqual([['web.services.internal'], [unit]]);
  });

  test('goes with its unit, and is made anew on the next machine', async () => {
    await cluster.start();
    await push(certified());
    const machine = await host();
    const before = certificateOn(machine);
    await machine.kill();
    await seconds(60);
    const next = await host();
    expect(next).not.toBe(machine);
    expect([certificateOn(next) === before, await next.running()]).toEqual([false, [unit]]);
    machine.boot();
    await seconds(30);
    expect(machine.certificates.sets.size).toBe(0);
    await cluster.apply({ destroy: [unit] });
    await seconds(10);
    expect(next.certificates.sets.size).toBe(0);
    expect(await traces()).toEqual([]);
  });

  test('is not believed by a machine whose clock is a year off, which says so', async () => {
    await cluster.start();
    for (const machine of cluster.machines) machine.clockOff = 365 * day * 1000;
    await push(certified());
    expect(await statusOf()).toMatchObject({ waiting: expect.stringContaining('set its clock') });
  });

  test('that another machine was given is of no use: its key is not here', async () => {
    await cluster.start();
    await push(certified());
    const machine = await host();
    const before = machine.certificates.sets.get(unit);
    for (const each of cluster.machines) each.lie = async () => before?.certificate ?? '';
    await days(5);
    expect(certificateOn(machine)).toBe(before?.certificate);
    expect(await statusOf()).toMatchObject({
      certificate: { problem: 'what was signed is not of the key here' },
    });
    const answer = { unit, machineId: machine.machine.id, request: hashOf('other'), certificate: 'x' };
    const put = { put: certificateKey(machine.machine.id, unit), value: encodeCertificate(answer) };
    await cluster.store.transact({ compare: [], success: [put] });
    await seconds(5);
    expect(certificateOn(machine)).toBe(before?.certificate);
  });
});
