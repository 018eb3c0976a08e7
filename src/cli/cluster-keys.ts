import * as z from 'zod';
import { programFolders } from '../model/operating-system.ts';
import { parseJson } from '../model/parse-json.ts';
import { changeTakers } from '../push/gateway.ts';
import { capture } from './capture.ts';
import type { Cluster } from './cluster.ts';
import { CommandFailed, unreachable } from './failure.ts';

/** What `etcdctl get -w json` prints: bytes in base64, and nothing for what is empty. */
const answer = z.object({
  kvs: z.array(z.object({ key: z.string(), value: z.string().default('') })).default([]),
});

/** etcd's environment is for people on machines with etcd: docs/security.md. */
const script = `set -a; . /etc/flotilla/etcdctl.env; PATH=${programFolders}:$PATH; exec etcdctl get --prefix -w json -- "$1"`;

/** All keys that start with one of these, as etcd has them, read on the first machine with etcd that answers. */
export async function readClusterKeys(
  cluster: Cluster,
  prefixes: readonly string[],
): Promise<[string, string][]> {
  const machines = changeTakers(cluster.machines);
  for (const machine of machines) {
    const texts = await Promise.all(
      prefixes.map((each) => capture(cluster, machine, ['sh', '-c', script, 'sh', each])),
    );
    const answers = texts.map((text) => answer.safeParse(parseJson(text ?? '')).data);
    if (answers.includes(undefined)) continue;
    return answers.flatMap((each) => each?.kvs ?? []).map(({ key, value }) => [decoded(key), decoded(value)]);
  }
  const names = machines.map(({ name }) => name).join(', ');
  const message = `etcd's keys could not be read on ${names}; \`flotilla ssh\` there, or use --keys`;
  throw new CommandFailed(message, unreachable);
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString();
}
