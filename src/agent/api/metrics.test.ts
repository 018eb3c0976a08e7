import { expect, test } from '@jest/globals';
import { serveAgent } from '../../../test/contract/served-agent.ts';
import { encodeMetrics } from './metrics.ts';

test('metrics tell machines, leader, units, states and requests', async () => {
  const agent = await serveAgent();
  const contents = '[Service]\nExecStart=/bin/sleep inf\n';
  const pending = `${contents}[X-Fleet]\nMachineMetadata=disk=none\n`;
  await agent.cluster.apply({
    put: [
      { name: 'a.service', contents, targetState: 'launched' },
      { name: 'b.service', contents: pending, targetState: 'launched' },
      { name: 'c.service', contents, targetState: 'inactive' },
    ],
  });
  await agent.cluster.clock.advance(1000);
  await agent.call('GET', '/nothing/at/all');
  await agent.call('GET', '/flotilla/v1/units/a.service');
  const { body } = await agent.call('GET', '/flotilla/v1/metrics');
  const leader = (await agent.cluster.leader()).name;
  for (const line of [
    '# TYPE flotilla_machines gauge',
    'flotilla_machines 2',
    `flotilla_leader{machine="${leader}"} 1`,
    'flotilla_units{target_state="launched"} 2',
    'flotilla_units{target_state="inactive"} 1',
    'flotilla_unit_states{active="active"} 1',
    'flotilla_unit_states{active="failed"} 0',
    'flotilla_units_pending 1',
    'flotilla_api_requests_total{method="GET",route="none",status="404"} 1',
    'flotilla_api_requests_total{method="GET",route="/flotilla/v1/units/:name",status="200"} 1',
  ]) {
    expect(String(body).split('\n')).toContain(line);
  }
  await agent.end();
});

test('what would end a line is escaped', () => {
  const samples = [{ labels: { machine: 'a"b\\c\nd' }, value: 1 }];
  expect(encodeMetrics([{ name: 'x', type: 'gauge', help: 'one\ntwo "three"', samples }])).toBe(
    '# HELP x one\\ntwo "three"\n# TYPE x gauge\nx{machine="a\\"b\\\\c\\nd"} 1\n',
  );
});
