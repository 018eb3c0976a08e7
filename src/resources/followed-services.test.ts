import { expect, test } from '@jest/globals';
import { stackSchema } from '../config/schema.ts';
import { InvalidInput, type Problem } from '../model/problem.ts';
import { planCluster } from '../plan/plan.ts';
import { readNeeds } from '../unit/needs.ts';
import { parseUnit } from '../unit/parse.ts';
import { checkFollowed } from './followed-services.ts';

function problemsOf(publish: object, units: Readonly<Record<string, string>>): readonly Problem[] {
  const machines = { core: { count: 1, etcd: true }, web: { count: 0, publish } };
  const plan = planCluster('dev', stackSchema.parse({ machines }));
  const given = Object.entries(units).map(([name, own]) => ({
    name,
    ...readNeeds(name, parseUnit(`[X-Flotilla]\n${own}\n`).options),
  }));
  try {
    checkFollowed(given, plan);
  } catch (error) {
    if (error instanceof InvalidInput) return error.problems;
    throw error;
  }
  return [];
}

const app = { port: 5001, service: 'app' };

test('a service that some unit has at this port may be followed', () => {
  const units = { 'app@1.service': 'Service=app\nPort=500%i', 'app@2.service': 'Service=app\nPort=500%i' };
  expect(problemsOf({ 80: app, 81: 9090 }, units)).toEqual([]);
});

test('one that no unit has is refused, with what to write where', () => {
  const path = 'flotilla:machines.web.publish.80';
  const problem = 'no unit of the stack has the service app';
  expect(problemsOf({ 80: app }, {})).toEqual([
    {
      path,
      problem,
      fix: 'put Service=app and Port=5001 into the [X-Flotilla] of the unit that answers there, or publish the port alone: 5001',
    },
  ]);
  expect(problemsOf({ 80: app }, { 'a.service': 'Service=apps\nPort=5001' })).toEqual([
    { path, problem, fix: 'did you mean apps?' },
  ]);
});

test('one that is at another port is refused: its instance would not answer here', () => {
  const units = { 'app@2.service': 'Service=app\nPort=500%i', 'b.service': 'Service=app\nPort=80' };
  expect(problemsOf({ 80: app, 81: app }, units)).toMatchObject([
    {
      problem: 'the service app is not at port 5001, but at 5002 (app@2.service), 80 (b.service)',
      fix: 'correct the port, or give the unit a second Service= with Port=5001',
    },
    { path: 'flotilla:machines.web.publish.81' },
  ]);
});
