import * as z from 'zod';
import { secretMark } from '../model/pulumi-secret.ts';
import { clusterOf } from '../model/resource-name.ts';

const secret = z.object({ [secretMark.key]: z.literal(secretMark.value), plaintext: z.string() });

const exported = z.object({
  deployment: z.object({
    resources: z.array(
      z.object({
        urn: z.string().default(''),
        type: z.string(),
        inputs: z.record(z.string(), z.unknown()).optional(),
      }),
    ),
  }),
});

const agents = z.object({
  machines: z.array(z.unknown()).min(1),
  privateKey: z.string(),
});

/**
 * The `connection` of each cluster of a stack, by the cluster's name; the name is empty where the stack is the cluster.
 * For stacks that have no such output: of somebody's own program, or whose first `up` goes on, or has failed. Pulumi
 * stores outputs when a program ends well, and resources as they are made. Once there are agents there is a cluster to
 * be asked.
 *
 * @param state what `pulumi stack export --show-secrets` printed, parsed
 */
export function connectionsInState(state: unknown): ReadonlyMap<string, unknown> {
  const { data } = exported.safeParse(state);
  const found = data?.deployment.resources.filter(({ type }) => type === 'flotilla:index:Agents') ?? [];
  return new Map(
    found.map(({ urn, inputs }) => [
      clusterOf(urn.split('::').at(-1) ?? '') ?? '',
      agents.safeParse(reveal(inputs)).data,
    ]),
  );
}

/** The value with the secrets of its first level in plain text. */
function reveal(inputs: Readonly<Record<string, unknown>> | undefined): unknown {
  return Object.fromEntries(Object.entries(inputs ?? {}).map(([name, value]) => [name, plain(value)]));
}

function plain(value: unknown): unknown {
  const { data } = secret.safeParse(value);
  return data === undefined ? value : JSON.parse(data.plaintext);
}
