import type * as pulumi from '@pulumi/pulumi';

/** What AWS's provider answers, as far as a program reads it. An instance that restarts keeps its private address. */
export function answerAws(
  { type, name, inputs }: pulumi.runtime.MockResourceArgs,
  { life }: { life: number } = { life: 1 },
): pulumi.runtime.MockResourceResult {
  const kind = type.split(':').at(-1) ?? '';
  const arn = `arn:aws:test:${kind}/${name}`;
  return { id: `${kind}-${name}-${life}`, state: { ...inputs, arn, ...answers[kind]?.(name) } };
}

const answers: Readonly<Record<string, (name: string) => Record<string, unknown>>> = {
  Instance: (name) => ({ publicIp: `${name}.instances.test`, privateIp: `${name} at 10.77.0.0/16` }),
  LoadBalancer: (name) => ({ dnsName: `${name}.elb.test` }),
  // Pulumi's provider names what the program doesn't.
  KeyPair: (name) => ({ keyName: `${name}-1a2b3c4` }),
};

/** Images have the id by which they were asked for. */
export function lookUpAws({ token, inputs }: pulumi.runtime.MockCallArgs): pulumi.runtime.MockCallResult {
  switch (token) {
    case 'aws:ssm/getParameter:getParameter':
      return { value: `ami of ${inputs.name}` };
    case 'aws:ec2/getAmi:getAmi':
      return { id: `ami of ${JSON.stringify(inputs)}` };
    default:
      throw new Error(`nobody was to ask for ${token}`);
  }
}
