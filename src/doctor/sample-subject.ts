import type { Check } from './check.ts';
import type { Report } from './examine.ts';
import { examine } from './examine.ts';
import { FakeProbes } from './fake-probes.ts';
import type { Probes } from './probes.ts';
import { readStackConfig } from './stack-config.ts';
import type { Subject } from './subject.ts';

/** A stack `dev` of which nothing is up. `text` is its config; without it there is none. */
export function sampleSubject(text: string | undefined, more: Partial<Subject> = {}): Subject {
  const config = text === undefined ? undefined : readStackConfig('dev', text);
  return {
    ...{ clone: '/clone', environment: {}, stack: 'dev', platformAlone: false },
    ...{ platform: config?.platform ?? 'local', config },
    ...more,
  };
}

/** What comes of the checks, as `what level finding → fix`. */
export async function told(
  checks: readonly Check[],
  probes: Probes = new FakeProbes(),
): Promise<readonly string[]> {
  const options = { log: () => undefined, signal: new AbortController().signal };
  return (await examine(checks, probes, options)).map(tell);
}

function tell({ what, level, finding, fix }: Report): string {
  return `${what} ${level} ${finding}${fix === undefined ? '' : ` → ${fix}`}`;
}
