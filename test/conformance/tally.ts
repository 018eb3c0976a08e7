import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { agentKinds } from './agent-kinds.ts';
import type { Case, Outcome } from './case.ts';
import { exceptions } from './exceptions.ts';
import { pageKinds } from './page-kinds.ts';
import { placementKinds } from './placement-kinds.ts';
import { requirementKinds } from './requirement-kinds.ts';
import { schedulerKinds } from './scheduler-kinds.ts';
import { templateKinds } from './template-kinds.ts';
import { unitKinds } from './unit-kinds.ts';

const kinds: Readonly<Record<string, Case>> = {
  ...unitKinds,
  ...requirementKinds,
  ...placementKinds,
  ...schedulerKinds,
  ...agentKinds,
  ...pageKinds,
  ...templateKinds,
};

const vector = z.looseObject({
  ...{ id: z.string(), kind: z.string().optional() },
  ...{ in: z.unknown().optional(), out: z.unknown().optional() },
});

/** Files whose vectors carry no kind have one kind, which is the file's name; those of confd are all in one piece. */
function readVectors(file: string) {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((text) => text.trim() !== '');
  return lines.map((text) => {
    const parsed = vector.parse(JSON.parse(text));
    const { in: input = parsed, out = parsed.expect } = parsed;
    return { id: parsed.id, in: input, out, kind: parsed.kind ?? basename(file, '.jsonl') };
  });
}

/** Counts what the vectors of some files came to, and says which failed, through `log`. */
export class Tally {
  passed = 0;
  failed = 0;
  readonly excepted = new Map<string, number>();
  readonly missing = new Map<string, number>();
  readonly #log: (line: string) => void;

  constructor(log: (line: string) => void) {
    this.#log = log;
  }

  take(kind: string, id: string, outcome: Outcome): void {
    const reason = outcome.rule === undefined ? undefined : exceptions[kind]?.[outcome.rule];
    if (isDeepStrictEqual(outcome.got, outcome.expected)) this.passed += 1;
    else if (reason !== undefined) count(this.excepted, `${kind}, ${outcome.rule}: ${reason}`);
    else this.fail(id, outcome);
  }

  fail(id: string, { expected, got }: Outcome): void {
    this.failed += 1;
    this.#log(`FAILED ${id}\n  expected ${JSON.stringify(expected)}\n  got      ${JSON.stringify(got)}`);
  }

  print(): void {
    for (const [rule, number] of this.excepted) this.#log(`excepted on purpose: ${number} (${rule})`);
    for (const [kind, number] of this.missing) this.#log(`not implemented: ${number} (${kind})`);
    this.#log(`${this.passed} passed, ${this.failed} failed`);
  }
}

function count(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

/** Runs all vectors of one file. One that throws has failed; a kind nobody implements is counted apart. */
export async function runFile(file: string, tally: Tally): Promise<void> {
  for (const { id, kind, in: input, out } of readVectors(file)) {
    const run = kinds[kind];
    if (run === undefined) count(tally.missing, kind);
    else {
      try {
        tally.take(kind, id, await run(input, out));
      } catch (error) {
        tally.fail(id, { expected: out, got: String(error) });
      }
    }
  }
}
