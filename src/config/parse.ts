import type * as z from 'zod';
import { InvalidInput, type Problem } from '../model/problem.ts';
import { addressProblems } from './addresses.ts';
import { cloudProblems } from './cloud-check.ts';
import { etcdProblems } from './etcd.ts';
import { etcdDiskProblems } from './etcd-disk.ts';
import { explain } from './explain.ts';
import { hostsProblems } from './host-problems.ts';
import { localProblems } from './local-check.ts';
import { platformProblems } from './platform-settings.ts';
import { proxyJumpProblems } from './proxy-jump-check.ts';
import { publishProblems } from './publish.ts';
import { reservedPortProblems } from './reserved-ports.ts';
import { type ClusterSpec, stackSchema } from './schema.ts';
import { systemProblems } from './system-check.ts';

/** Rules that look at more than one key. Each is pure and says all it finds. */
const crossChecks: readonly ((config: ClusterSpec) => Problem[])[] = [
  etcdProblems,
  etcdDiskProblems,
  addressProblems,
  publishProblems,
  reservedPortProblems,
  platformProblems,
  localProblems,
  cloudProblems,
  systemProblems,
  hostsProblems,
  proxyJumpProblems,
];

/**
 * Reads Pulumi's flat configuration map (`{"flotilla:machines": "{…json…}"}`), as `allConfig()` gives it.
 * Keys of other namespaces belong to others and are left alone.
 *
 * @throws InvalidInput with every problem there is, each with its path and fix.
 */
export function parseConfig(raw: Readonly<Record<string, string>>): ClusterSpec {
  const written = fromPulumi(raw);
  const result = stackSchema.safeParse(written, { reportInput: true });
  const problems = problemsOf(stackSchema, written, result.error?.issues ?? []);
  if (!result.success || problems.length > 0)
    throw new InvalidInput('The stack config cannot be used:', problems);
  return result.data;
}

/**
 * Everything that is wrong with settings: what the schema found, and what they do together.
 *
 * @param schema of all settings of a stack, or of some
 */
export function problemsOf(
  schema: z.ZodType<Omit<ClusterSpec, 'images' | 'units'>>,
  written: Record<string, unknown>,
  issues: readonly z.core.$ZodIssue[],
): Problem[] {
  // Settings that don't exist are no reason to keep quiet about what the others do together.
  const known = schema.safeParse(withoutUnknown(written, issues));
  return [
    ...lostNames(written, 'flotilla:'),
    ...issues.flatMap((issue) => explainIssue(issue, schema)),
    ...(known.success ? crossChecks.flatMap((check) => check({ images: {}, units: [], ...known.data })) : []),
  ];
}

/** JSON has it as a name like any other, and whoever copies it into an object loses it: zod says nothing of it. */
function lostNames(value: unknown, path: string): Problem[] {
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '__proto__'
      ? [{ path: `${path}${key}`, problem: 'cannot be a name', fix: 'choose another' }]
      : lostNames(inner, `${path}${key}.`),
  );
}

/** A copy without the keys that the schema doesn't know. */
function withoutUnknown(config: Record<string, unknown>, issues: readonly z.core.$ZodIssue[]): unknown {
  const copy: unknown = JSON.parse(JSON.stringify(config));
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const parent = issue.path.reduce<unknown>(
      (value, key) => (isRecord(value) ? value[String(key)] : undefined),
      copy,
    );
    if (isRecord(parent)) for (const key of issue.keys) delete parent[key];
  }
  return copy;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function explainIssue(issue: z.core.$ZodIssue, schema: z.ZodType): Problem[] {
  return explain(issue, schema).map((problem) => ({ ...problem, path: `flotilla:${problem.path}` }));
}

function fromPulumi(raw: Readonly<Record<string, string>>): Record<string, unknown> {
  const own = Object.entries(raw).filter(([key]) => key.startsWith('flotilla:'));
  return Object.fromEntries(own.map(([key, value]) => [key.slice('flotilla:'.length), decode(value)]));
}

/** Pulumi hands objects, numbers and booleans over as JSON text and strings as they are. */
function decode(value: string): unknown {
  if (!/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
