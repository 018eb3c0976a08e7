import { describe, expect, test } from '@jest/globals';
import * as pulumi from '@pulumi/pulumi';
import type { BuildOptions } from '../../cloud-config/build.ts';
import { buildMachineConfig, renderFirstBoot } from '../../cloud-config/first-boot.ts';
import { stackSchema } from '../../src/config/schema.ts';
import { InvalidInput } from '../../src/model/problem.ts';
import { type ClusterPlan, planCluster } from '../../src/plan/plan.ts';
import type { BootedMachine, Machines, Platform } from '../../src/platform/platform.ts';
import { below as scopeBelow, wholeStack } from '../../src/platform/scope.ts';
import {
  known,
  type Lookup,
  type Provider,
  type Registration,
  type Run,
  runProgram,
} from './pulumi-program.ts';

/** What the suite has to know of a platform to see what it asks for. */
export interface PlatformHarness {
  readonly platform: Platform;
  /** Stack config beside `machines`: of a cluster that can be held. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The same with another image, and whatever else new machines alone begin with. */
  readonly otherImage: Readonly<Record<string, unknown>>;
  /** What can't be held, and the paths of the problems, a line each. */
  readonly refused: {
    readonly platform?: Platform;
    readonly settings: Readonly<Record<string, unknown>>;
    readonly path: RegExp;
  };
  /** Token of a machine's type. */
  readonly machineType: string;
  /** What the platform's provider answers; of a machine in its nth life, after its nth start in that life. */
  answer(
    args: pulumi.runtime.MockResourceArgs,
    at: { life: number; start: number },
  ): pulumi.runtime.MockResourceResult;
  /** What it answers whoever only asks. */
  readonly lookup?: Lookup;
  /** How machines boot here. */
  readonly boot: BuildOptions;
  /** The name of the input with the user data, or with the config that it is made of, and its text. */
  readonly userData: { readonly input: string; text(value: unknown): string };
  /** Inputs that have to be others in the next generation, since both are there for a while. Default: none. */
  readonly lifeInputs?: readonly string[];
  /** What a machine of these inputs is made of: MiB and GiB. */
  hardware(inputs: Registration['inputs']): { cpus: number; memory: number; disk: number };
  /** The address on the cluster's network that the provider gave or was told. */
  address(machine: BootedMachine, inputs: Registration['inputs']): string;
}

const operator = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOPERATOR operator';

/** The keys that the provider makes: each has its resource's name in it. */
const keysOf = (name: string) => ({
  privateKey: `-----BEGIN OPENSSH PRIVATE KEY-----\n${name}\n-----END OPENSSH PRIVATE KEY-----\n`,
  publicKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI ${name}`,
});

/** Answers for the resources of type `flotilla:index:` that a platform declares. */
export const answerOwn: Provider = ({ name, type, inputs }) => {
  if (type !== 'flotilla:index:SshKey') return { id: name, state: inputs };
  const { privateKey, publicKey } = keysOf(name);
  return { id: name, state: { ...inputs, privateKey: pulumi.secret(privateKey), publicKey } };
};

/** In cloud-config as it is, in Ignition's within an address. */
const privateKey = /PRIVATE(?: |%20)KEY/;

type Groups = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const core = { count: 3, etcd: true, metadata: { role: 'core' } };
const worker = { count: 2, cpus: 2, memory: 3000, disk: 20 };

/** What every `Platform` must do, seen from Pulumi's engine. */
export function platformContract(name: string, harness: PlatformHarness): void {
  const plan = (machines: Groups, settings = harness.settings): ClusterPlan =>
    planCluster('contract', stackSchema.parse({ ...settings, machines }));

  const run = (
    wanted: ClusterPlan,
    { key = operator, life = 1, start = 1, scope = () => wholeStack } = {},
  ): Promise<Run<Machines>> =>
    runProgram(
      () =>
        harness.platform.createMachines(wanted, pulumi.output(key), pulumi.output('private key'), scope()),
      (args) =>
        args.type.startsWith('flotilla:index:') ? answerOwn(args) : harness.answer(args, { life, start }),
      harness.lookup,
    );

  const machinesOf = ({ registered }: Run<Machines>) =>
    registered.filter(({ type }) => type === harness.machineType);
  const find = (of: Run<Machines>, machine: string) => {
    const found = of.registered.filter((each) => each.name === machine && each.type === harness.machineType);
    if (found.length !== 1 || !found[0]) throw new Error(`${found.length} machines are named ${machine}`);
    return found[0];
  };

  /** What the engine would act on when one program follows the other. */
  const changed = (before: Run<Machines>, registration: Registration) => {
    const old = before.registered.find(({ urn }) => urn === registration.urn);
    if (!old) return ['is new'];
    const keys = new Set([...Object.keys(old.inputs), ...Object.keys(registration.inputs)]);
    const inputs = [...keys].filter((key) => !same(old.inputs[key], registration.inputs[key]));
    return [
      ...inputs.filter((key) => !registration.ignoreChanges.includes(key)),
      ...(same(old.replacementTrigger, registration.replacementTrigger) ? [] : ['replacementTrigger']),
    ];
  };
  const allChanges = (before: Run<Machines>, after: Run<Machines>) =>
    Object.fromEntries(
      after.registered
        .map((each) => [`${each.type} ${each.name}`, changed(before, each)] as const)
        .filter(([, keys]) => keys.length > 0),
    );

  describe(`Platform contract: ${name}`, () => {
    test('one machine for each of the plan, whose resource has its name', async () => {
      const wanted = plan({ core, worker });
      const made = await run(wanted);
      expect(made.result.machines.map((machine) => machine.plan)).toEqual(wanted.machines);
      expect(
        machinesOf(made)
          .map((each) => each.name)
          .sort(),
      ).toEqual(['core-1', 'core-2', 'core-3', 'worker-1', 'worker-2'].sort());
      for (const { resource, plan: own } of made.result.machines)
        expect(await known(resource.urn)).toBe(find(made, own.name).urn);
    });

    test('a count that goes down takes the highest numbers and changes no other machine', async () => {
      const before = await run(plan({ core, worker }));
      const after = await run(plan({ core, worker: { ...worker, count: 1 } }));
      const gone = before.registered.filter(({ urn }) => !after.registered.some((each) => each.urn === urn));
      expect(gone.map((each) => each.name).sort()).toEqual(['worker-2', 'worker-2-first-contact']);
      for (const each of machinesOf(after))
        expect([each.name, changed(before, each)]).toEqual([each.name, []]);
    });

    test('user data is what the plan and its keys give, byte for byte', async () => {
      const made = await run(plan({ core, worker }));
      for (const { plan: own, oneTimeHostKey } of made.result.machines) {
        const keys = keysOf(`${own.name}-first-contact`);
        const config = buildMachineConfig(own, { authorizedKey: operator, sshHostKey: keys }, harness.boot);
        const { inputs } = find(made, own.name);
        expect(harness.userData.text(inputs[harness.userData.input])).toBe(renderFirstBoot(own.os, config));
        expect(await known(oneTimeHostKey)).toBe(keys.publicKey);
      }
      expect(await known(made.result.emulated)).toBe(harness.boot.emulated);
    });

    test('user data knows no address of the cluster network', async () => {
      const made = await run(plan({ core, worker }));
      for (const machine of made.result.machines) {
        const { inputs } = find(made, machine.plan.name);
        const text = harness.userData.text(inputs[harness.userData.input]);
        expect(text).not.toContain(harness.address(machine, inputs));
      }
    });

    test('a secret in the state, in which the one-time host key is the only private key', async () => {
      const made = await run(plan({ core, worker }));
      for (const { name: machine, inputs, secrets } of machinesOf(made)) {
        expect(secrets).toContain(harness.userData.input);
        const { [harness.userData.input]: userData, ...open } = inputs;
        expect(JSON.stringify(open)).not.toMatch(privateKey);
        const text = harness.userData.text(userData);
        expect(text.match(new RegExp(`BEGIN.{0,20}${privateKey.source}`, 'g'))).toHaveLength(1);
        expect(text).toContain(`${machine}-first-contact`);
      }
      const elsewhere = made.registered.filter(({ type }) => type !== harness.machineType);
      expect(JSON.stringify(elsewhere.map(({ inputs }) => inputs))).not.toContain('PRIVATE KEY');
    });

    test('the address that it names, and CPUs, memory and disk or more', async () => {
      const made = await run(plan({ core, worker }));
      const addresses = await Promise.all(made.result.machines.map(({ address }) => known(address)));
      expect(addresses).toEqual(
        made.result.machines.map((machine) => harness.address(machine, find(made, machine.plan.name).inputs)),
      );
      expect(new Set(addresses).size).toBe(addresses.length);
      for (const { plan: own } of made.result.machines) {
        const { cpus, memory, disk } = harness.hardware(find(made, own.name).inputs);
        expect([own.name, cpus >= own.cpus, memory >= own.memory, disk >= own.disk]).toEqual([
          own.name,
          true,
          true,
          true,
        ]);
      }
    });

    test.each([
      ['image', {}, harness.otherImage],
      ['operating system', {}, { ...harness.settings, os: 'debian-12' }],
      [
        'login key, and with it other user data',
        { key: operator.replace('OPERATOR', 'ANOTHER') },
        harness.settings,
      ],
    ])('another %s: no machine changes', async (_, options, settings) => {
      const before = await run(plan({ core, worker }));
      const after = await run(plan({ core, worker }, settings), options);
      for (const each of machinesOf(after))
        expect([each.name, changed(before, each)]).toEqual([each.name, []]);
      const inputs = (of: Run<Machines>) => machinesOf(of).map((each) => each.inputs);
      expect(inputs(after)).not.toEqual(inputs(before));
    });

    test('another generation: machine and one-time host key are replaced before the old ones go, and no other', async () => {
      const before = await run(plan({ core, worker }));
      const after = await run(plan({ core, worker: { ...worker, generation: 2 } }));
      const other = harness.lifeInputs ?? [];
      const replaced = ['worker-1', 'worker-2'].flatMap((each) => [
        [`${harness.machineType} ${each}`, [...other, 'replacementTrigger']],
        [`flotilla:index:SshKey ${each}-first-contact`, ['replacementTrigger']],
      ]);
      expect(allChanges(before, after)).toEqual(Object.fromEntries(replaced));
      // Units move from the old machine to the new one while both are there. Without a word the provider decides.
      for (const each of machinesOf(after))
        expect([each.name, each.deleteBeforeReplace]).toEqual([each.name, false]);
    });

    test('a program that runs again changes nothing', async () => {
      const wanted = plan({ core: { ...core, publish: { 8080: 80 } }, worker });
      expect(allChanges(await run(wanted), await run(wanted))).toEqual({});
    });

    test('incarnation: another for a machine that begins again, the same for one that restarts', async () => {
      const incarnations = async (at: { life: number; start: number }) => {
        const { result } = await run(plan({ core }), at);
        return Promise.all(result.machines.map(({ incarnation }) => known(incarnation)));
      };
      const first = await incarnations({ life: 1, start: 1 });
      expect(new Set(first).size).toBe(3);
      expect(await incarnations({ life: 1, start: 2 })).toEqual(first);
      for (const each of await incarnations({ life: 2, start: 1 })) expect(first).not.toContain(each);
    });

    test('what lives as long as the cluster outlives every machine', async () => {
      const made = await run(plan({ core, worker }));
      const lifetime = await known(made.result.lifetime.urn);
      expect(machinesOf(made).map(({ dependencies }) => dependencies.includes(lifetime))).toEqual(
        Array(5).fill(true),
      );
    });

    test.each([
      ['blue', 'green'],
      ['a.b', 'a_b'],
      ['quite-a-name', 'quite-another'],
    ])(
      'below a component all are its children, and clusters %s and %s have no name in common',
      async (one, other) => {
        const below = (cluster: string) => ({
          scope: () => scopeBelow(new pulumi.ComponentResource('test:index:Cluster', cluster), cluster),
        });
        const wanted = plan({ core: { ...core, publish: { 8080: 80 } }, worker });
        // Clouds cut the names of some things, and the stack's comes first.
        const named = (cluster: string) => ({ ...wanted, name: `production/${cluster}` });
        const [blue, green] = [await run(named(one), below(one)), await run(named(other), below(other))];
        for (const { urn, type } of blue.registered)
          expect([type, urn.split('::')[2]]).toEqual([
            type,
            expect.stringMatching(/^test:index:Cluster($|\$)/),
          ]);
        const urns = (of: Run<Machines>) => of.registered.map(({ urn }) => urn);
        expect(urns(blue).filter((urn) => urns(green).includes(urn))).toEqual([]);
        expect(machinesOf(blue).map((each) => each.name)).toContain(`${one}/core-1`);
      },
    );

    test('published: an address for each port, none without', async () => {
      const { result } = await run(plan({ core: { ...core, publish: { 8080: 80, 8443: 443 } }, worker }));
      const addresses = await Promise.all(result.published.map((each) => known(each)));
      expect(addresses.length).toBeGreaterThanOrEqual(2);
      for (const address of addresses) expect(address).toMatch(/^http:\/\/[^/:]+:\d+$/);
      expect(new Set(addresses.map((address) => new URL(address).port || '80')).size).toBe(2);
      expect((await run(plan({ core, worker }))).result.published).toEqual([]);
    });

    test('what cannot be held is refused with path and fix, before anything is registered', async () => {
      const { platform = harness.platform, settings, path } = harness.refused;
      const asked: string[] = [];
      const attempt = runProgram(
        () =>
          platform.createMachines(
            plan({ core, worker }, settings),
            pulumi.output(operator),
            pulumi.output('private key'),
            wholeStack,
          ),
        (args) => {
          asked.push(args.name);
          return answerOwn(args);
        },
      );
      const error: unknown = await attempt.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InvalidInput);
      const { problems } = error instanceof InvalidInput ? error : { problems: [] };
      expect(problems.map((problem) => problem.path).join('\n')).toMatch(path);
      for (const { fix } of problems) expect(fix).not.toBe('');
      expect(asked).toEqual([]);
    });
  });
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
