import type * as pulumi from '@pulumi/pulumi';

/** What DigitalOcean's provider answers, as far as a program reads it. A droplet keeps its addresses when it restarts. */
export function answerDigitalocean(
  { type, name, inputs }: pulumi.runtime.MockResourceArgs,
  { life }: { life: number } = { life: 1 },
): pulumi.runtime.MockResourceResult {
  const kind = type.split(':').at(-1) ?? '';
  const computed = answers[kind]?.(name) ?? {};
  // Pulumi's provider names what the program doesn't.
  return { id: `${kind}-${name}-${life}`, state: { name: `${name}-1a2b3c4`, ...inputs, ...computed } };
}

const answers: Readonly<Record<string, (name: string) => Record<string, unknown>>> = {
  Droplet: (name) => ({
    ipv4Address: `${name}.droplets.test`,
    ipv4AddressPrivate: `${name} at 10.77.0.0/16`,
    dropletUrn: `do:droplet:${name}`,
    createdAt: '2026-05-05T12:00:00Z',
  }),
  LoadBalancer: (name) => ({ ip: `${name}.balancers.test`, loadBalancerUrn: `do:loadbalancer:${name}` }),
  SshKey: () => ({ fingerprint: '3b:16:bf:e4' }),
};
