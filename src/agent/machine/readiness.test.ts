import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { afterLook, type Finding, notLookedAt, pauseAfter, type ReadyState } from './readiness.ts';

const ok: Finding = { ok: true, detail: 'answered 200' };
const bad = (detail: string): Finding => ({ ok: false, detail });
const readiness = { probe: { kind: 'tcp', port: 1 }, interval: 5, timeout: 2 } as const;

/** What others are told after looks one second apart. */
function told(findings: readonly Finding[]): Finding[] {
  let state = notLookedAt(0);
  return findings.map((found, at) => {
    state = afterLook(state, found, (at + 1) * 1000);
    return state.told;
  });
}

describe('readiness', () => {
  test('begins unready, and one success is enough', () => {
    expect(notLookedAt(0).told).toEqual({ ok: false, detail: 'not looked at yet' });
    expect(told([bad('refused'), ok])).toEqual([bad('refused'), ok]);
  });

  test('takes two failures in a row to end', () => {
    expect(told([ok, bad('a'), ok, bad('b'), bad('c')])).toEqual([ok, ok, ok, ok, bad('c')]);
  });

  test('tells a new detail of an unready unit once in 30 s at most', () => {
    const findings = Array.from({ length: 40 }, (_, at) =>
      bad(at % 2 === 0 ? 'answered 502' : 'answered 503'),
    );
    expect(new Set(told(findings).slice(0, 29))).toEqual(new Set([bad('answered 502')]));
    expect(told(findings).at(-1)).toEqual(bad('answered 503'));
  });

  test('looks every second until the first success, less often the longer that takes', () => {
    const fresh = notLookedAt(0);
    expect(pauseAfter(fresh, readiness, 10_000)).toBe(1000);
    expect(pauseAfter(fresh, readiness, 30_000)).toBe(3000);
    expect(pauseAfter(fresh, readiness, 60_000)).toBe(5000);
    expect(pauseAfter(afterLook(fresh, ok, 1000), readiness, 1000)).toBe(5000);
    expect(pauseAfter(fresh, { ...readiness, interval: 0.5 }, 0)).toBe(500);
  });

  test('never is told to be ready right after a failure that was told, nor changes without a look that says so', () => {
    const finding = fc.record({ ok: fc.boolean(), detail: fc.constantFrom('a', 'b', 'c') });
    fc.assert(
      fc.property(fc.array(finding), (findings) => {
        let state: ReadyState = notLookedAt(0);
        for (const [at, found] of findings.entries()) {
          const next = afterLook(state, found, at * 1000);
          if (next.told !== state.told) expect(next.told).toBe(found);
          if (next.told.ok && !found.ok) expect(findings[at - 1]?.ok).toBe(true);
          if (!next.told.ok) expect(found.ok).toBe(false);
          state = next;
        }
      }),
    );
  });
});
