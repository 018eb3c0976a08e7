import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Provider } from '@pulumi/digitalocean/provider.js';
import * as pulumi from '@pulumi/pulumi';
import { answerAll } from '../../test/contract/provider-answers.ts';
import { known, type Registration, runProgram } from '../../test/contract/pulumi-program.ts';
import type { ClusterArgs } from '../config/cluster-args.ts';
import { Cluster, Image, UnitSet, type UnitSetArgs } from './library.ts';

const service = '[Service]\nExecStart=/bin/sleep infinity\n';
const core = { count: 1, etcd: true };

/** Droplets, since nothing has to be on this computer for them. */
const droplets: ClusterArgs = {
  platform: 'digitalocean',
  machines: { core, worker: { count: 2, publish: { 80: 8080 } } },
  digitalocean: { region: 'fra1', sshFrom: ['203.0.113.7'], loadBalancer: true },
};

const hosts: ClusterArgs = {
  platform: 'hosts',
  machines: { core },
  hosts: { machines: { core: [{ address: '10.0.0.5', hostKey: `SHA256:${'a'.repeat(43)}` }] } },
};

class Late extends pulumi.CustomResource {
  constructor(opts: pulumi.CustomResourceOptions) {
    super('test:index:Late', 'late', {}, opts);
  }
}

let folder: string;
beforeAll(() => {
  pulumi.runtime.setAllConfig({ 'digitalocean:token': 'a token' });
  folder = mkdtempSync(join(tmpdir(), 'flotilla-library-'));
  writeFileSync(join(folder, 'web@.service'), service);
  writeFileSync(join(folder, 'units.yaml'), 'instances: { web@.service: 2 }\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = <T>(program: () => T) => runProgram(async () => program(), answerAll);

/** The message that ends the program, as Pulumi shows it. */
async function refusal(program: () => unknown): Promise<string> {
  const error: unknown = await run(program).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(pulumi.RunError);
  return error instanceof Error ? error.message : '';
}

/** The component that a resource belongs to, however deep below it. */
function rootOf(registration: Registration, all: readonly Registration[]): Registration {
  const parent = all.find(({ urn }) => urn === registration.parent);
  return parent ? rootOf(parent, all) : registration;
}

describe('a cluster as a component', () => {
  test('two of one program: each resource is below its own, and bears its name where it could be the other’s', async () => {
    const { registered } = await run(() => {
      new Cluster('blue', droplets);
      new Cluster('green', { ...droplets, network: '10.78.0.0/16' });
    });
    const urns = registered.map(({ urn }) => urn);
    expect(new Set(urns).size).toBe(urns.length);
    const [blue, green] = ['blue', 'green'].map((name) =>
      registered.filter((each) => rootOf(each, registered).name === name),
    );
    expect(blue?.map(({ type }) => type).sort()).toEqual(green?.map(({ type }) => type).sort());
    expect((blue?.length ?? 0) + (green?.length ?? 0)).toBe(registered.length);
    for (const each of blue ?? [])
      expect([each.type, each.name]).toEqual([each.type, expect.stringMatching(/\bblue\b/)]);
    expect(
      blue
        ?.filter(({ type }) => type.endsWith(':Droplet'))
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['blue/core-1', 'blue/worker-1', 'blue/worker-2']);
  });

  test('machines are called in the cluster what they are called everywhere', async () => {
    const { registered } = await run(() => new Cluster('blue', droplets));
    const names = (kind: string, key: string) =>
      registered.filter(({ type }) => type.endsWith(`:${kind}`)).map(({ inputs }) => inputs[key]);
    expect(names('Droplet', 'name').sort()).toEqual(['core-1', 'worker-1', 'worker-2']);
    expect(names('HostKey', 'machine').sort()).toEqual(['core-1', 'worker-1', 'worker-2']);
  });

  test('says what there is; how to reach it is a secret', async () => {
    const { result, registered } = await run(() => new Cluster('blue', hosts));
    expect(await known(result.machines)).toEqual({ 'core-1': '10.0.0.5' });
    expect(await known(result.etcd)).toEqual({ 'core-1': 'healthy' });
    expect(await known(result.published)).toEqual([]);
    expect((await known(result.connection)).machines).toMatchObject([
      { name: 'core-1', host: '10.0.0.5', hostKey: 'own key of blue/core-1', etcd: true },
    ]);
    expect(await pulumi.isSecret(result.connection)).toBe(true);
    for (const { type, inputs, secrets } of registered) {
      const open = Object.entries(inputs).filter(([key]) => !secrets.includes(key));
      expect([type, JSON.stringify(open)]).toEqual([type, expect.not.stringContaining('PRIVATE KEY')]);
    }
  });

  test('transformations of the component reach all that is below it', async () => {
    const seen: string[] = [];
    const transformation: pulumi.ResourceTransformation = ({ name, type, props, opts }) => {
      seen.push(name);
      if (!type.endsWith(':Droplet')) return undefined;
      return { props: { ...props, backups: true }, opts };
    };
    const { registered } = await run(
      () => new Cluster('blue', droplets, { transformations: [transformation] }),
    );
    expect(seen.sort()).toEqual(registered.map(({ name }) => name).sort());
    const made = registered.filter(({ type }) => type.endsWith(':Droplet'));
    expect(made.map(({ inputs }) => inputs.backups)).toEqual([true, true, true]);
  });

  test('whoever depends on it comes after everything in it', async () => {
    const { registered } = await run(() => {
      const cluster = new Cluster('blue', hosts);
      new Late({ dependsOn: cluster });
    });
    const late = registered.find(({ name }) => name === 'late');
    const parts = registered.filter(({ type }) => /:(Agents|Machine|Network)$/.test(type));
    expect(parts).toHaveLength(3);
    for (const { urn } of parts) expect(late?.dependencies).toContain(urn);
  });
});

describe('arguments of a cluster', () => {
  test('all problems at once, by path, in words without a stack config', async () => {
    const wrong = {
      ...droplets,
      machines: { core: { count: 2, etcd: true, cuont: 3 } },
      units: ['units/hello'],
    };
    const said = await refusal(() => new Cluster('blue', wrong));
    expect(said).toMatch(/^Cluster blue: these arguments cannot be used:\n/);
    expect(said).toContain('machines.core.count: the groups with etcd: true have 2 machines in all');
    expect(said).toContain('machines.core.cuont: there is no setting "cuont"\n    → did you mean count?');
    expect(said).toContain('units: there is no setting "units"');
    expect(said).not.toContain('flotilla:');
  });

  test.each<[string, string, object, RegExp]>([
    ['a name with a slash', 'blue/one', {}, /^Cluster blue\/one: .*\n {2}name: "blue\/one" cannot name/],
    [
      'a count that is an Output',
      'blue',
      { machines: { core: { count: pulumi.output(1) } } },
      /machines\.core\.count: is an Output/,
    ],
    ['no machines', 'blue', { machines: {} }, /machines: .*cannot be used/],
  ])('%s is refused', async (_, name, more, message) => {
    expect(await refusal(() => new Cluster(name, { ...droplets, ...more }))).toMatch(message);
  });
});

describe('what no program in TypeScript would give', () => {
  const circle: Record<string, unknown> = { role: 'core' };
  circle.self = circle;

  test.each<[unknown, string]>([
    [undefined, 'undefined'],
    [null, 'null'],
    [5, 'number'],
    ['core', 'string'],
    [[], 'a list'],
  ])('%j for arguments', async (args, given) => {
    for (const [kind, make] of Object.entries({ Cluster, Image, UnitSet })) {
      const said = await refusal(() => Reflect.construct(make, ['a', args]));
      expect(said).toMatch(
        new RegExp(
          `^${kind} a: these arguments cannot be used:\n  args: is ${given}, where .*\n    → give \\{`,
        ),
      );
    }
  });

  test.each<[string, object, RegExp]>([
    [
      'a value within itself',
      { machines: { core: { ...core, metadata: circle } } },
      /metadata\.self: leads back/,
    ],
    ['a BigInt', { machines: { core: { count: 1n } } }, /machines\.core\.count: is a BigInt/],
    ['a function', { serviceKeys: [() => '/app/'] }, /serviceKeys\.0: is a BigInt, a symbol or a function/],
  ])('%s', async (_, more, message) => {
    expect(await refusal(() => Reflect.construct(Cluster, ['blue', { ...hosts, ...more }]))).toMatch(message);
  });

  test('the same value in two places is no circle', async () => {
    const metadata = { role: 'core' };
    const machines = { core: { ...core, metadata }, worker: { count: 0, metadata } };
    await run(() => new Cluster('blue', { ...hosts, machines }));
  });

  test('no cluster, and images that are none', async () => {
    const units = { 'a.service': { contents: service } };
    const said = await refusal(() => Reflect.construct(UnitSet, ['u', { units, images: ['app:1'] }]));
    expect(said).toContain('cluster: is no Cluster');
    expect(said).toContain('images: is no list of Images');
    const image = { image: 'app:1', source: 'images/app.oci' };
    expect(await refusal(() => Reflect.construct(Image, ['i', image]))).toContain('cluster: is no Cluster');
  });

  test('a name that is longer than what clouds can hold with it', async () => {
    expect(await refusal(() => new Cluster('b'.repeat(64), droplets))).toMatch(
      /name: b{20}… has 64 characters\n {4}→ use 63 at most/,
    );
    await run(() => new Cluster('b'.repeat(63), droplets));
  });
});

describe('a provider that the program made', () => {
  const other = () => new Provider('other', { token: 'another' });
  const message =
    /^Cluster blue: .*\n {2}opts\.providers: has a provider for digitalocean.*\n {4}→ .*`pulumi config set digitalocean:…`$/;

  test.each<[string, () => pulumi.ComponentResourceOptions]>([
    ['as the provider', () => ({ provider: other() })],
    ['among the providers', () => ({ providers: [other()] })],
    ['by its package', () => ({ providers: { digitalocean: other() } })],
    [
      'by the component around it',
      () => ({
        parent: new pulumi.ComponentResource('test:index:Site', 'site', {}, { providers: [other()] }),
      }),
    ],
  ])('%s is refused, since region and credentials are read elsewhere', async (_, opts) => {
    const { result, registered } = await run(() => {
      const given = opts();
      try {
        return new Cluster('blue', droplets, given);
      } catch (error) {
        return error;
      }
    });
    expect(result).toBeInstanceOf(pulumi.RunError);
    expect(result).toMatchObject({ message: expect.stringMatching(message) });
    expect(registered.filter(({ type }) => !/^pulumi:providers:|^test:/.test(type))).toEqual([]);
  });

  test('for what a cluster is not made of does not matter', async () => {
    const { registered } = await run(() => new Cluster('blue', hosts, { providers: [other()] }));
    expect(registered.map(({ name }) => name)).toContain('blue');
  });
});

describe('an image', () => {
  const origin = { image: 'app:1', source: 'images/app.oci' };

  test('goes to all machines, before the units of sets that have it', async () => {
    const { result, registered } = await run(() => {
      const cluster = new Cluster('blue', hosts);
      const app = new Image('app', { cluster, ...origin });
      const units = { 'a.service': { contents: service } };
      new UnitSet('web', { cluster, images: [app], units });
      return app;
    });
    const image = registered.find(({ type }) => type === 'flotilla:index:Image');
    expect(image?.inputs).toMatchObject({ name: 'app:1', source: 'images/app.oci', platform: 'linux/amd64' });
    expect(image?.inputs.machines).toMatchObject([{ name: 'core-1' }]);
    expect(image?.secrets).toContain('privateKey');
    const find = (kind: string) => registered.find(({ type }) => type.endsWith(`:${kind}`))?.urn;
    expect(image?.dependencies).toContain(find('Agents'));
    expect(image?.deletedWith).toBe(find('Network'));
    const set = registered.find(({ type }) => type === 'flotilla:index:UnitSet');
    expect(set?.dependencies).toContain(image?.urn);
    expect(await known(result.imageId)).toBe('sha256:1');
  });

  test('without a tag, or from nowhere, is refused with all that is wrong', async () => {
    const said = await refusal(
      () => new Image('app', { cluster: new Cluster('blue', hosts), image: 'app', source: '' }),
    );
    expect(said).toMatch(/^Image app: these arguments cannot be used:\n/);
    expect(said).toMatch(/ {2}image: "app" cannot be used\n {4}→ use a name with a tag/);
    expect(said).toContain('source: is empty');
  });
});

describe('a set of units', () => {
  const sets = (args: Omit<UnitSetArgs, 'cluster'>, other?: Omit<UnitSetArgs, 'cluster'>) =>
    run(() => {
      const cluster = new Cluster('blue', hosts);
      const set = new UnitSet('web', { cluster, ...args });
      if (other) new UnitSet('other', { cluster, ...other });
      return set;
    });

  test('of folders and of the program, below its component, with the way to the machines as a secret', async () => {
    const { result, registered } = await sets({
      folders: [folder],
      units: { 'job.service': { contents: service, targetState: 'loaded' } },
    });
    const set = registered.find(({ type }) => type === 'flotilla:index:UnitSet');
    expect(set?.inputs.units).toMatchObject({
      'job.service': { contents: service, targetState: 'loaded' },
      'web@1.service': { targetState: 'launched' },
      'web@2.service': { targetState: 'launched' },
    });
    expect(set?.inputs.machines).toMatchObject([{ name: 'core-1', etcd: true }]);
    expect(set?.secrets).toContain('privateKey');
    expect(registered.find(({ urn }) => urn === set?.parent)?.type).toBe('flotilla:components:UnitSet');
    const find = (kind: string) => registered.find(({ type }) => type.endsWith(`:${kind}`))?.urn;
    expect(set?.dependencies).toContain(find('Agents'));
    expect(set?.deletedWith).toBe(find('Network'));
    expect(await known(result.placements)).toEqual({ 'web.service': ['core-1'] });
  });

  test('a template of the program has as many instances as it says', async () => {
    const { registered } = await sets({ units: { 'web@.service': { contents: service, instances: 3 } } });
    const set = registered.find(({ type }) => type === 'flotilla:index:UnitSet');
    expect(Object.keys(set?.inputs.units ?? {})).toEqual(['web@1.service', 'web@2.service', 'web@3.service']);
  });

  test.each<[string, Omit<UnitSetArgs, 'cluster'>, RegExp]>([
    ['nothing', {}, /^UnitSet web: these arguments cannot be used:\n {2}folders: there are no units/],
    ['a folder that is not there', { folders: ['/nowhere'] }, / {2}folders: there is no folder \/nowhere/],
    ['a unit that cannot run', { units: { 'a.service': { contents: '[Service]\n' } } }, /units\/a\.service/],
    [
      'a template without instances',
      { units: { 'a@.service': { contents: service } } },
      /a@\.service has no instances/,
    ],
  ])('%s is refused', async (_, args, message) => {
    let said = '';
    await sets(args).catch((error: unknown) => {
      said = error instanceof pulumi.RunError ? error.message : String(error);
    });
    expect(said).toMatch(message);
    expect(said).not.toContain('flotilla:');
  });

  test('keys that the cluster does not open to units are refused, as they are in a stack config', async () => {
    const contents = `${service}[X-Flotilla]\nService=app\nPort=80\nServiceKey=/app/server\n`;
    const declare = (serviceKeys: string[]) => () => {
      const cluster = new Cluster('blue', { ...hosts, serviceKeys });
      new UnitSet('web', { cluster, units: { 'a.service': { contents } } });
    };
    expect(await refusal(declare([]))).toMatch(
      /^UnitSet web: .*\n {2}a\.service: ServiceKey=\/app\/server is below none of serviceKeys\n/,
    );
    await run(declare(['/app/']));
  });

  test('a template that wants keys which machines may not read is refused', async () => {
    const files = mkdtempSync(join(tmpdir(), 'flotilla-library-'));
    writeFileSync(join(files, 'a.service'), `${service}[X-Flotilla]\nTemplate=a.toml\n`);
    writeFileSync(join(files, 'a.toml'), '[template]\nsrc = "a.tmpl"\ndest = "/run/a"\nkeys = ["/config"]\n');
    writeFileSync(join(files, 'a.tmpl'), '{{getv "/config/a"}}\n');
    const declare = (templateKeys: string[]) => () =>
      new UnitSet('web', { cluster: new Cluster('blue', { ...hosts, templateKeys }), folders: [files] });
    expect(await refusal(declare([]))).toContain(
      'name /config/, or a directory that it is in, in templateKeys',
    );
    await run(declare(['/config/']));
    rmSync(files, { recursive: true });
  });

  test('a unit is in one set of its cluster only', async () => {
    const units = { 'a.service': { contents: service } };
    await expect(sets({ units }, { units })).rejects.toThrow(
      'UnitSet other: these units cannot be run:\n  a.service: is a unit of the set web already',
    );
  });
});
