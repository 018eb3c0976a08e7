import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type ServedAgent, serveAgent } from '../../../test/contract/served-agent.ts';
import type { ClusterEvent } from '../../model/api.ts';
import { encodeAddress, encodeMachine, machineKey, memberKey } from '../../store/keys.ts';
import { clusterEvent } from './schemas.ts';

const unit = (name: string, contents = '[Service]\nExecStart=/bin/sleep inf\n') => ({
  name,
  contents,
  targetState: 'launched' as const,
});

describe('events', () => {
  let agent: ServedAgent;

  beforeEach(async () => {
    agent = await serveAgent();
  });
  afterEach(async () => {
    await agent.end();
    expect(agent.log).toEqual([]);
  });

  async function past(query = ''): Promise<ClusterEvent[]> {
    const { body } = await agent.call('GET', `/flotilla/v1/events${query}`);
    const lines = String(body ?? '')
      .split('\n')
      .slice(0, -1);
    return lines.map((line) => clusterEvent.parse(JSON.parse(line)));
  }

  async function now(): Promise<bigint> {
    return (await agent.cluster.store.list('/none')).revision;
  }

  const told = (events: readonly ClusterEvent[]) =>
    events.map(({ kind, unit, machine, message }) => [kind, unit ?? machine, message]);

  test('tell what happened to a unit, up to now, in order and with reasons', async () => {
    const since = (await now()) + 1n;
    await agent.cluster.apply({ put: [unit('a.service')] });
    await agent.cluster.clock.advance(1000);
    await agent.cluster.apply({ destroy: ['a.service'] });
    await agent.cluster.clock.advance(1000);
    const events = await past(`?since=${since}&follow=false`);
    expect(told(events.filter(({ kind }) => kind !== 'state'))).toEqual([
      ['unit', 'a.service', expect.stringMatching(/^shall be launched, file [0-9a-f]{8}$/)],
      ['placement', 'a.service', expect.stringMatching(/^placed: /)],
      ['unit', 'a.service', 'destroyed'],
      ['placement', 'a.service', expect.stringMatching(/^taken away: ./)],
    ]);
    const states = events.filter(({ kind }) => kind === 'state').map(({ message }) => message);
    expect(states).toEqual(expect.arrayContaining(['active (running)', 'no longer there']));
    const revisions = events.map(({ revision }) => BigInt(revision));
    expect(revisions).toEqual([...revisions].sort((a, b) => Number(a - b)));
    expect(await past(`?since=${(await now()) + 1n}`)).toEqual([]);
  });

  test('of one revision go on between any two of them, with the reasons that stand before', async () => {
    const since = (await now()) + 1n;
    const names = ['a.service', 'b.service', 'c.service'];
    await agent.cluster.apply({ put: names.map((name) => unit(name)) });
    await agent.cluster.clock.advance(1000);
    await agent.cluster.apply({ destroy: names });
    await agent.cluster.clock.advance(1000);
    const all = await past(`?since=${since}`);
    const alone = new Set(all.map(({ revision }) => revision));
    expect(alone.size).toBeLessThan(all.length - 3);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    for (const [at, { id }] of all.entries()) expect(await past(`?after=${id}`)).toEqual(all.slice(at + 1));
    const [{ revision } = { revision: '' }] = all;
    expect(await past(`?after=${revision}`)).toEqual(all.filter((event) => event.revision !== revision));
  });

  test('tell of all that the store remembers when nothing else is asked', async () => {
    const kinds = new Set((await past()).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(expect.arrayContaining(['leader', 'machine']));
    await agent.cluster.etcd.compact((await now()) - 1n);
    await agent.cluster.apply({ put: [unit('a.service')] });
    expect(told(await past())).toEqual(expect.arrayContaining([['unit', 'a.service', expect.any(String)]]));
  });

  test('name machines as the stack does, whatever they say they are', async () => {
    const [core1, core2] = agent.cluster.machines.map(({ machine }) => machine);
    if (!core1 || !core2) throw new Error('there are two machines');
    const { store } = agent.cluster;
    const put = (key: string, value: string) =>
      store.transact({ compare: [], success: [{ put: key, value }] });
    const since = (await now()) + 1n;
    await put(memberKey(core2.id), encodeAddress(core2));
    await put(machineKey(core2.id), encodeMachine({ ...core2, name: core1.name, address: core1.address }));
    const message = expect.stringContaining(core2.address);
    expect(told(await past(`?since=${since}`))).toContainEqual(['machine', 'core-2', message]);
  });

  test('that are gone are 410 with the oldest revision there is', async () => {
    await agent.cluster.apply({ put: [unit('a.service')] });
    const oldest = await now();
    agent.cluster.etcd.compact(oldest);
    const gone = { error: { code: 410, message: expect.stringContaining(`the oldest is ${oldest}`) } };
    for (const follow of ['true', 'false']) {
      const reply = await agent.call('GET', `/flotilla/v1/events?since=2&follow=${follow}`);
      expect(reply).toEqual({ status: 410, body: gone });
    }
  });

  test('name machines that came, went and were given metadata', async () => {
    const since = (await now()) + 1n;
    const id = '2'.repeat(32);
    await agent.call('PATCH', '/fleet/v1/machines', [
      { op: 'add', path: `/${id}/metadata/disk`, value: 'ssd' },
      { op: 'remove', path: `/${id}/metadata/zone` },
    ]);
    await agent.call('POST', '/flotilla/v1/machines/core-2/drain', { reason: 'new disk' });
    await agent.cluster.get('core-2').kill();
    await agent.cluster.clock.advance(20_000);
    const about = (await past(`?since=${since}`)).filter(({ machine }) => machine === 'core-2');
    expect(told(about)).toEqual(
      expect.arrayContaining([
        ['machine', 'core-2', 'metadata set by users: disk=ssd, no zone'],
        ['cordon', 'core-2', 'gives its units away: new disk'],
        ['machine', 'core-2', 'gone: its lease ended'],
      ]),
    );
  });

  test('go on as they happen, until the client leaves', async () => {
    const outgoing = request({ socketPath: agent.socket, path: '/flotilla/v1/events?follow=true' });
    outgoing.end();
    const [incoming]: IncomingMessage[] = await once(outgoing, 'response');
    if (incoming === undefined) throw new Error('no response');
    expect(incoming.headers['content-type']).toBe('application/x-ndjson');
    const lines = createInterface({ input: incoming })[Symbol.asyncIterator]();
    const revision = String(await now());
    expect(JSON.parse((await lines.next()).value)).toEqual({
      ...{ id: revision, revision, kind: 'begin', message: `what happens after ${revision} follows` },
    });
    await agent.cluster.apply({ put: [unit('a.service')] });
    expect(JSON.parse((await lines.next()).value)).toMatchObject({ kind: 'unit', unit: 'a.service' });
    await agent.cluster.apply({ targets: [{ name: 'a.service', targetState: 'inactive' }] });
    const next = clusterEvent.parse(JSON.parse((await lines.next()).value));
    expect(next.message).toMatch(/^shall be inactive/);
    incoming.on('error', () => {});
    const closed = new Promise((resolve) => incoming.on('close', resolve));
    outgoing.destroy();
    await closed;
  });

  test.each([
    'since=-1',
    'since=abc',
    'since=99999999999999999999',
    'since=9223372036854775808',
    'since=5.1',
    'after=5.',
    'after=5.x',
    'since=5&after=5.1',
    'follow=yes',
  ])('%s is refused', async (query) => {
    expect(await agent.call('GET', `/flotilla/v1/events?${query}`)).toMatchObject({ status: 400 });
  });
});
