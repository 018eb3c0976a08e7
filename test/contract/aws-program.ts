import * as pulumi from '@pulumi/pulumi';
import { stackSchema } from '../../src/config/schema.ts';
import { compare } from '../../src/model/compare.ts';
import { planCluster } from '../../src/plan/plan.ts';
import { awsPlatform } from '../../src/platform/aws/index.ts';
import type { Machines } from '../../src/platform/platform.ts';
import { wholeStack } from '../../src/platform/scope.ts';
import { answerAws, lookUpAws } from './aws-answers.ts';
import { answerOwn } from './platform.ts';
import { known, runProgram } from './pulumi-program.ts';

/** What AWS is asked for by a stack with these groups of machines, without an engine. */
export async function runAws(machines: object, more: object = {}, stack = 'dev', os = 'debian-13') {
  const aws = { sshFrom: ['203.0.113.7', '198.51.100.0/24'], ...more };
  const plan = planCluster(stack, stackSchema.parse({ platform: 'aws', os, aws, machines }));
  const { result, registered } = await runProgram<Machines>(
    () =>
      awsPlatform.createMachines(
        plan,
        pulumi.output('ssh-ed25519 AAAA operator'),
        pulumi.output('key'),
        wholeStack,
      ),
    (args) => (args.type.startsWith('flotilla:') ? answerOwn(args) : answerAws(args)),
    lookUpAws,
  );
  // They are registered in the order in which their inputs are known.
  const sorted = [...registered].sort((a, b) => compare(a.name, b.name));
  const ofKind = (kind: string) => sorted.filter(({ type }) => type.endsWith(`:${kind}`));
  const published = await Promise.all(result.published.map((each) => known(each)));
  return { result, registered, ofKind, published };
}
