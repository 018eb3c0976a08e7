import * as z from 'zod';
import { onMachine } from '../../test/cluster/observe.ts';
import type { Stack } from '../../test/cluster/stack.ts';

/** What was sent, and what Elasticsearch has of it. */

const machine = 'search-1';
const proof = '/run/flotilla/certificates/elasticsearch.service';

const question = (path: string): readonly string[] => [
  ...['curl', '--silent', '--fail', '--max-time', '30'],
  ...['--cacert', `${proof}/ca.crt`, '--cert', `${proof}/tls.crt`, '--key', `${proof}/tls.key`],
  ...['--connect-to', '::127.0.0.1:', `https://elasticsearch.services.internal:9200/${path}`],
];

/** Asks Elasticsearch, on its machine and with its own certificate. */
async function ask(stack: Stack, path: string): Promise<unknown> {
  return JSON.parse(await onMachine(stack, machine, ['sudo', ...question(path)]));
}

/**
 * Until more events than `count` are stored. The machine looks by itself, every 5 s and not before Elasticsearch
 * listens: each start of a program takes part of the processors that the machines run on.
 */
export async function storedMoreThan(stack: Stack, count: number, seconds: number): Promise<void> {
  const look = question('logstash-*/_count')
    .map((word) => `'${word}'`)
    .join(' ');
  const digits = `sed -n 's/^{"count":\\([0-9]*\\).*/\\1/p'`;
  const listens = 'until (: < /dev/tcp/127.0.0.1/9200) 2> /dev/null; do sleep 3; done';
  const script = `${listens}
until stored=$(${look} | ${digits}); [ "\${stored:-0}" -gt ${count} ]; do sleep 5; done`;
  // No look: runs of Pulumi wait for those to end.
  const watch = ['ssh', machine, '--', 'sudo', 'timeout', String(seconds), 'bash', '-c', script];
  const { status, output } = await stack.flotilla(watch);
  if (status !== 0)
    throw new Error(`no more than ${count} events were stored within ${seconds} s (${status}): ${output}`);
}

const countSchema = z.object({ count: z.number() });

/** 0 while there is no Elasticsearch, or no event. */
export async function storedCount(stack: Stack): Promise<number> {
  const reply = await ask(stack, 'logstash-*/_count').catch(() => undefined);
  return countSchema.safeParse(reply).data?.count ?? 0;
}

/** Ids of the events that visitors were promised, read once. */
export async function promised(stack: Stack): Promise<ReadonlySet<string>> {
  const text = await onMachine(stack, machine, ['sudo', 'cat', '/var/lib/elk/traffic/answered.log']);
  return new Set(text.split('\n').filter((line) => line !== ''));
}

const hitsSchema = z.object({
  hits: z.object({
    total: z.object({ value: z.number() }),
    hits: z.array(
      z.object({
        _id: z.string(),
        _version: z.number(),
        _source: z.object({ instance: z.string(), boot: z.string(), number: z.number() }),
      }),
    ),
  }),
});

/** As many as Elasticsearch gives at once (index.max_result_window). */
const most = 10_000;

export interface Comparison {
  readonly stored: number;
  /** Events that a visitor was promised and that are not there. */
  readonly missing: readonly string[];
  /** `instance-boot-number` of events between two that are there; each process of the application counts from 1. */
  readonly gaps: readonly string[];
  /** Events that were sent more than once, each of which is stored once. */
  readonly repeated: number;
}

/** @throws Error when there are more events than can be read at once. */
export async function compare(stack: Stack, ids: ReadonlySet<string>): Promise<Comparison> {
  const query = `logstash-*/_search?size=${most}&version=true&_source=instance,boot,number`;
  const { hits } = hitsSchema.parse(await ask(stack, query));
  if (hits.total.value >= most) throw new Error(`${hits.total.value} events are too many to compare`);
  const stored = new Set(hits.hits.map(({ _id }) => _id));
  const highest = new Map<string, number>();
  for (const { _source } of hits.hits) {
    const process = `${_source.instance}-${_source.boot}`;
    highest.set(process, Math.max(highest.get(process) ?? 0, _source.number));
  }
  const expected = [...highest].flatMap(([process, last]) =>
    Array.from({ length: last }, (_, at) => `${process}-${at + 1}`),
  );
  return {
    stored: stored.size,
    missing: [...ids].filter((id) => !stored.has(id)),
    gaps: expected.filter((id) => !stored.has(id)),
    repeated: hits.hits.filter(({ _version }) => _version > 1).length,
  };
}
