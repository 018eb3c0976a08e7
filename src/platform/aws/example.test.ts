import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import { parse, stringify } from 'yaml';
import * as z from 'zod';
import { answerAws, lookUpAws } from '../../../test/contract/aws-answers.ts';
import { answerOwn } from '../../../test/contract/platform.ts';
import { type Registration, runProgram } from '../../../test/contract/pulumi-program.ts';
import { parseConfig } from '../../config/parse.ts';
import { compare } from '../../model/compare.ts';
import { planCluster } from '../../plan/plan.ts';
import { wholeStack } from '../scope.ts';
import { awsPlatform } from './index.ts';

const Stack = z.object({ config: z.record(z.string(), z.unknown()) });

/** What the annotated example asks AWS for, as it stands or with other settings of AWS. */
async function exampleProgram(more: object): Promise<readonly Registration[]> {
  const { config } = Stack.parse(parse(readFileSync('stacks/Pulumi.aws.yaml', 'utf8')));
  const settings = z.record(z.string(), z.unknown()).parse(config['flotilla:aws']);
  const whole = { ...config, 'flotilla:aws': { ...settings, ...more } };
  const raw = Object.fromEntries(
    Object.entries(whole).map(([key, value]) => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
  pulumi.runtime.setAllConfig({ ...raw, 'aws:profile': 'somebody' });
  const plan = planCluster('example', parseConfig(raw));
  const { registered } = await runProgram(
    () =>
      awsPlatform.createMachines(
        plan,
        pulumi.output('ssh-ed25519 AAAA'),
        pulumi.output('its half'),
        wholeStack,
      ),
    (args) => (args.type.startsWith('flotilla:') ? answerOwn(args) : answerAws(args)),
    lookUpAws,
  );
  return registered.filter(({ type }) => type.startsWith('aws:'));
}

/** Type and name → inputs; of secrets no more than that they are there. */
function show(registered: readonly Registration[]): string {
  const sorted = registered
    .map(({ type, name, inputs, secrets, ignoreChanges }) => {
      const open = Object.entries(inputs).map(([key, value]) => [
        key,
        secrets.includes(key) ? 'secret' : value,
      ]);
      const pinned = ignoreChanges.length > 0 ? { pinned: ignoreChanges.join(' ') } : {};
      return [`${type.split(':').at(-1)} ${name}`, { ...Object.fromEntries(open), ...pinned }] as const;
    })
    .sort(([a], [b]) => compare(a, b));
  return stringify(Object.fromEntries(sorted), { lineWidth: 0, aliasDuplicateObjects: false });
}

/** Golden documents: `UPDATE_GOLDEN=1 npm run check` writes them anew, to be read before they are committed. */
test.each([
  ['aws-example', {}],
  ['aws-example-load-balancer', { loadBalancer: true }],
])('%s is the golden document', async (name, more) => {
  const path = `test/golden/${name}.yaml`;
  const shown = show(await exampleProgram(more));
  if (process.env.UPDATE_GOLDEN) writeFileSync(path, shown);
  expect(existsSync(path)).toBe(true);
  expect(shown).toBe(readFileSync(path, 'utf8'));
});
