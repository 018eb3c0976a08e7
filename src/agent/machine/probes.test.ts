import { expect, test } from '@jest/globals';
import { FakeClock } from '../../store/fake-clock.ts';
import type { RunProbe } from './probe.ts';
import { type ProbedUnit, Probes } from './probes.ts';
import type { Finding } from './readiness.ts';

const unit = (name: string, contents = ''): ProbedUnit => ({
  name,
  contents,
  readiness: { probe: { kind: 'tcp', port: 80 }, interval: 5, timeout: 2 },
});

function watch(find: (unit: string) => Finding | Promise<Finding>) {
  const clock = new FakeClock();
  const seen = { looks: [] as string[], changes: 0, stopped: 0 };
  const runProbe: RunProbe = async (_, subject, signal) => {
    seen.looks.push(`${clock.now() / 1000} ${subject.unit}`);
    signal.addEventListener('abort', () => (seen.stopped += 1), { once: true });
    return find(subject.unit);
  };
  const onChange = () => {
    seen.changes += 1;
  };
  return { clock, seen, probes: new Probes({ clock, runProbe, onChange }) };
}

const ok: Finding = { ok: true, detail: 'accepts connections' };

test('each active unit is looked at in its own time, and no others', async () => {
  const { clock, seen, probes } = watch(() => ok);
  probes.follow([unit('a.service')]);
  expect(probes.readyOf('a.service')).toEqual({ ok: false, detail: 'not looked at yet' });
  await clock.advance(3000);
  probes.follow([unit('a.service'), unit('b.service')]);
  await clock.advance(8000);
  expect(seen.looks).toEqual(['0 a.service', '3 b.service', '5 a.service', '8 b.service', '10 a.service']);
  expect([probes.readyOf('a.service'), probes.readyOf('c.service')]).toEqual([ok, undefined]);
  expect(seen.changes).toBe(2);
  probes.follow([]);
  await clock.advance(60_000);
  expect(seen.looks).toHaveLength(5);
  expect(probes.readyOf('a.service')).toBeUndefined();
});

test('a unit whose file changed begins anew', async () => {
  const { clock, probes } = watch(() => ok);
  probes.follow([unit('a.service')]);
  await clock.advance(1000);
  probes.follow([unit('a.service', 'Nice=1')]);
  expect(probes.readyOf('a.service')?.ok).toBe(false);
  await clock.advance(0);
  expect(probes.readyOf('a.service')).toEqual(ok);
  probes.follow([]);
});

test('a look that is under way when its unit goes is broken off, and what it finds is nobody’s', async () => {
  let answer = (_: Finding) => {};
  const { clock, seen, probes } = watch(() => new Promise((resolve) => (answer = resolve)));
  probes.follow([unit('a.service')]);
  probes.follow([]);
  expect(seen.stopped).toBe(1);
  probes.follow([unit('a.service')]);
  answer(ok);
  await clock.advance(0);
  expect(seen.looks).toHaveLength(2);
  probes.follow([]);
});
