import { describe, expect, test } from '@jest/globals';
import type { ClusterEvent } from '../model/api.ts';
import { AgentApi } from './api.ts';
import { ApiError, NoAnswer } from './errors.ts';
import type { EventLine } from './events.ts';
import { type EventsQuery, readEvents } from './events.ts';
import { FakeAgent, fakeMachine } from './fake-agent.ts';

const placed: ClusterEvent = {
  ...{ id: '7.1', revision: '7', kind: 'placement', unit: 'a.service', message: 'least loaded' },
};
const alsoPlaced: ClusterEvent = { ...placed, id: '7.2', unit: 'b.service' };
const led: ClusterEvent = { id: '9.1', revision: '9', kind: 'leader', machine: 'core-2', message: 'leads' };

function cluster(...machines: string[]) {
  const agents = machines.map((name) => new FakeAgent([fakeMachine(name)]));
  const stop = new AbortController();
  const log: string[] = [];
  const options = {
    log: (line: string) => log.push(line),
    signal: stop.signal,
    deadlines: { headStart: 0.05, choose: 0.3, answer: 0.3 },
    clock: { now: () => 0, sleep: async () => undefined },
  };
  const gateways = agents.map((agent, index) => agent.gateway(machines[index] ?? ''));
  const api = new AgentApi(gateways, options);
  const read = async (query: EventsQuery, onEvent: (event: EventLine) => void = () => undefined) => {
    const events: EventLine[] = [];
    for await (const event of readEvents(api, query, options)) {
      events.push(event);
      onEvent(event);
    }
    return events;
  };
  return { agents, stop, log, read };
}

describe('readEvents', () => {
  test('ends with the last event there is, or goes on', async () => {
    const { agents, stop, read } = cluster('core-1');
    agents[0]?.happen(placed);
    agents[0]?.happen(led);
    expect(await read({ follow: false })).toEqual([placed, led]);
    expect(await read({ follow: false, since: '8' })).toEqual([led]);
    const seen: string[] = [];
    const following = read({ follow: true, since: '7' }, ({ revision }) => {
      seen.push(revision);
      if (revision === '9') agents[0]?.happen({ ...placed, id: '10.1', revision: '10' });
      if (revision === '10') stop.abort(new Error('enough'));
    });
    await expect(following).rejects.toThrow('enough');
    expect(seen).toEqual(['7', '9', '10']);
  });

  test('goes on with another agent after the last event that was seen', async () => {
    const { agents, stop, log, read } = cluster('core-1', 'core-2');
    const [first, second] = agents;
    first?.happen(placed);
    for (const event of [placed, alsoPlaced, led]) second?.happen(event);
    const seen: string[] = [];
    const following = read({ follow: true, since: '1' }, ({ id }) => {
      seen.push(id);
      if (id === '9.1') return stop.abort(new Error('enough'));
      if (first) first.intercept = () => 'drop';
      first?.dropFollowers();
    });
    await expect(following).rejects.toThrow('enough');
    expect(seen).toEqual(['7.1', '7.2', '9.1']);
    expect(second?.requests).toContain('GET /flotilla/v1/events?after=7.1&follow=true');
    expect(log[0]).toMatch(/^core-1: the agent did not answer GET .*; asking again$/);
  });

  test('a stream that is cut before its first event goes on where it began', async () => {
    const { agents, stop, read } = cluster('core-1');
    const [agent] = agents;
    const begin: ClusterEvent = { id: '6', revision: '6', kind: 'begin', message: 'what happens follows' };
    if (agent)
      agent.intercept = (request) => {
        if (request.endsWith('events?follow=true')) return { status: 200, body: begin };
        if (request.includes('after=6')) agent.events.push(placed);
        return undefined;
      };
    const following = read({ follow: true }, () => stop.abort(new Error('enough')));
    await expect(following).rejects.toThrow('enough');
    expect(agent?.requests.at(-1)).toBe('GET /flotilla/v1/events?after=6&follow=true');
  });

  test('an agent that ends a stream because it was read too slowly is asked for the rest', async () => {
    const { agents, read } = cluster('core-1');
    const [agent] = agents;
    const end: ClusterEvent = { ...placed, kind: 'end', message: 'nothing was read for 30 s' };
    if (agent)
      agent.intercept = (request) => (request.endsWith('/events') ? { status: 200, body: end } : undefined);
    for (const event of [placed, alsoPlaced, led]) agent?.happen(event);
    expect(await read({ follow: false })).toEqual([alsoPlaced, led]);
  });

  test('a stream that breaks is an error for who wanted only what there was', async () => {
    const { agents, read } = cluster('core-1');
    const [agent] = agents;
    if (agent) agent.intercept = (request) => (request.includes('/events') ? 'drop' : undefined);
    const error = await read({ follow: false }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(NoAnswer);
    expect(String(error)).toMatch(/; run it again$/);
  });

  test('an agent that says nothing is given up', async () => {
    const { agents, read } = cluster('core-1');
    const [agent] = agents;
    if (agent) agent.intercept = (request) => (request.includes('/events') ? 'silence' : undefined);
    await expect(read({ follow: false })).rejects.toThrow('no answer within 0.3 s');
  });

  test('an agent that freezes while it is followed is left for another one', async () => {
    const { agents, stop, read } = cluster('core-1', 'core-2');
    const [first, second] = agents;
    for (const agent of agents) agent.happen(placed);
    second?.happen(led);
    // The fake gives no sign of life between events.
    const following = read({ follow: true, since: '1' }, ({ id }) => {
      if (id === '7.1' && first) first.intercept = () => 'drop';
      if (id === '9.1') stop.abort(new Error('enough'));
    });
    await expect(following).rejects.toThrow('enough');
  });

  test('an agent that refuses is not asked again', async () => {
    const { agents, read } = cluster('core-1');
    const [agent] = agents;
    const body = { error: { code: 410, message: 'revision 1 is gone' } };
    if (agent)
      agent.intercept = (request) => (request.includes('/events') ? { status: 410, body } : undefined);
    const error = await read({ follow: true, since: '1' }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ApiError);
    expect(String(error)).toContain('answered 410: revision 1 is gone; ask from a later revision');
  });

  test('an event of a kind that is not known yet is an event; one that is none is an error', async () => {
    const { agents, read } = cluster('core-1');
    const [agent] = agents;
    const body = { id: '3.1', revision: '3', kind: 'comet', message: 'passed by', brightness: 2 };
    if (agent)
      agent.intercept = (request) => (request.includes('/events') ? { status: 200, body } : undefined);
    expect(await read({ follow: false })).toEqual([
      { id: '3.1', revision: '3', kind: 'comet', message: 'passed by' },
    ]);
    if (agent)
      agent.intercept = (request) =>
        request.includes('/events') ? { status: 200, body: { kind: 1 } } : undefined;
    await expect(read({ follow: false })).rejects.toThrow('an event that this version does not understand');
  });
});
