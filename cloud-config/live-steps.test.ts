import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse, stringify } from 'yaml';
import { stackSchema } from '../src/config/schema.ts';
import { planCluster } from '../src/plan/plan.ts';
import { buildTemplateConfig } from './build.ts';
import { buildMachineConfig } from './first-boot.ts';
import { type LiveSteps, liveSteps } from './live-steps.ts';
import { allFiles, type ConfigFile, type MachineConfig } from './machine-config.ts';

const spec = stackSchema.parse({
  machines: { core: { count: 3, etcd: true }, worker: { count: 1 } },
});
const { machines } = planCluster('golden', spec);
const access = {
  authorizedKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOPERATOR operator',
  sshHostKey: { privateKey: 'ONE-TIME\n', publicKey: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIONETIME core-1' },
};
const template = buildTemplateConfig(
  'debian-13',
  { authorizedKey: 'template', sshHostKey: { privateKey: 'template', publicKey: 'template' } },
  { prebuilt: true },
);

function configOf(machine: string): MachineConfig {
  const plan = machines.find(({ name }) => name === machine);
  if (!plan) throw new Error(`the golden plan has no ${machine}`);
  return buildMachineConfig(plan, access, { prebuilt: true, emulated: true });
}

function stepsOf(from: MachineConfig, to: MachineConfig): LiveSteps {
  const result = liveSteps(from, to);
  if ('refused' in result) throw new Error(result.refused.join(', '));
  return result.steps;
}

/** Golden documents: `UPDATE_GOLDEN=1 npm run check` writes them anew, to be read before they are committed. */
describe.each(['core-1', 'worker-1'])('the steps from the template to %s', (machine) => {
  const path = join('test', 'golden', `${machine}-live-steps.yaml`);
  const render = () => stringify(stepsOf(template, configOf(machine)), { lineWidth: 0 });
  if (process.env.UPDATE_GOLDEN) writeFileSync(path, render());

  test('are the golden document', () => {
    expect(render()).toBe(readFileSync(path, 'utf8'));
  });

  test('hold nothing of the template', () => {
    expect(JSON.stringify(parse(render()))).not.toContain('template');
  });
});

describe('what a running machine can’t take is refused by name', () => {
  const to = configOf('worker-1');
  test.each([
    ['groups', { ...template, groups: [] }, 'its groups differ'],
    ['users', { ...template, users: [] }, 'its users differ'],
    [
      'units that would have to be disabled',
      { ...template, units: [...template.units, { name: 'other.service', enabled: true }] },
      'other.service would have to be disabled',
    ],
    [
      'a unit that runs already, of another file',
      {
        ...template,
        units: [...template.units, { name: 'flotilla-agent.path', contents: '[Path]\n', enabled: true }],
      },
      'flotilla-agent.path runs already, of another file',
    ],
    [
      'a unit that nothing says how to enable',
      { ...template, units: [] },
      'docker.service has no WantedBy= of its own to be enabled by',
    ],
  ])('%s', (_, from, reason) => {
    expect(liveSteps(from, to)).toEqual({ refused: [reason] });
  });

  test('all of it at once', () => {
    const result = liveSteps({ ...template, groups: [] }, { ...to, packages: ['nodejs', 'openssl'] });
    const lacking = ['it lacks the package nodejs', 'it lacks the package openssl'];
    expect(result).toEqual({ refused: ['its groups differ', ...lacking] });
  });
});

test('a template of an image without our packages becomes a member of etcd, and a machine that is none', () => {
  const options = { prebuilt: false, emulated: true };
  const installed = { ...template, packages: buildTemplateConfig('debian-13', access, options).packages };
  const become = (plan: (typeof machines)[number]) => {
    const config = buildMachineConfig(plan, access, options);
    return { server: config.packages.includes('etcd-server'), steps: stepsOf(installed, config) };
  };
  const [core, worker] = [machines[0], machines.at(-1)].flatMap((plan) => (plan ? [become(plan)] : []));
  expect(core).toMatchObject({ server: true, steps: { hostname: 'core-1' } });
  expect(worker).toMatchObject({ server: false, steps: { hostname: 'worker-1' } });
});

test('a login key is no reason to refuse', () => {
  const { authorizedKeys } = stepsOf(template, configOf('worker-1'));
  expect(authorizedKeys).toEqual({ core: [access.authorizedKey] });
});

const file = fc.record(
  {
    path: fc.constantFrom('/etc/a', '/etc/b', '/etc/c', '/etc/d'),
    contents: fc.constantFrom('one', 'two'),
    mode: fc.constantFrom('0644', '0600'),
  },
  { noNullPrototype: true },
);
const files = fc.uniqueArray(file, { selector: ({ path }) => path });

test('whatever the files were, they are the wanted ones afterwards, and nothing is written for nothing', () => {
  fc.assert(
    fc.property(files, files, (before, after) => {
      const from = { ...template, files: before };
      const to = { ...template, files: after, hostname: 'core-1' };
      const { write, remove } = stepsOf(from, to);
      const disk = new Map<string, ConfigFile>(allFiles(from).map((each) => [each.path, each]));
      for (const path of remove) disk.delete(path);
      const written = write.filter(({ path }) => !path.startsWith('/etc/ssh/'));
      for (const each of written) {
        expect(disk.get(each.path)).not.toEqual(each);
        disk.set(each.path, each);
      }
      expect(disk).toEqual(new Map(allFiles(to).map((each) => [each.path, each])));
    }),
  );
});
