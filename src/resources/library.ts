import * as pulumi from '@pulumi/pulumi';
import { type ClusterArgs, parseClusterArgs, unusable } from '../config/cluster-args.ts';
import { type ImageOrigin, parseImageArgs } from '../config/image-args.ts';
import type { PlannedImage } from '../config/images.ts';
import type { ClusterSpec } from '../config/schema.ts';
import { parseUnitSources, type UnitSources } from '../config/unit-set-args.ts';
import { messageWithCauses } from '../model/message-of.ts';
import { InvalidInput, type Problem } from '../model/problem.ts';
import { clusterInStack, clusterName, longestClusterName } from '../model/resource-name.ts';
import { planCluster } from '../plan/plan.ts';
import { choosePlatform } from '../platform/choose.ts';
import { below } from '../platform/scope.ts';
import { type ClusterParts, createCluster } from './cluster.ts';
import { type Image as ImageResource, pushImage } from './image.ts';
import { warnOfImages } from './named-images.ts';
import { addresses, connection } from './outputs.ts';
import { ownProviderProblems } from './own-provider.ts';
import { argumentProblems, isRecord } from './plain-values.ts';
import { programUnits } from './program-units.ts';
import { runError } from './run-error.ts';
import type { UnitSetArgs as UnitSetInputs, UnitSet as UnitSetResource } from './unit-set.ts';
import { byName, loadUnits, type OpenKeys, pushUnits } from './units.ts';

/** What a program gets by `import { Cluster, Image, UnitSet } from 'flotilla'`. */

/** All that it takes to reach a cluster's machines. */
export interface Connection {
  /** The key that logs in on every machine, OpenSSH PEM. */
  readonly privateKey: string;
  readonly machines: readonly {
    readonly name: string;
    /** Contents of /etc/machine-id. */
    readonly id: string;
    /** On the cluster network. */
    readonly address: string;
    /** Where SSH answers, seen from here. */
    readonly host: string;
    readonly port: number;
    readonly user: string;
    /** The only host key that is right, `ssh-ed25519 AAAA…`. */
    readonly hostKey: string;
    /** Whether etcd runs there. */
    readonly etcd: boolean;
  }[];
}

/**
 * A cluster of machines that run etcd, Docker and an agent which takes units. A stack may have several; each has its
 * own keys, authority and network, and shares nothing with another. Its children are called `<name>/…`.
 *
 * The name stays as long as the cluster lives: what local machines have on this computer lies under it.
 */
export class Cluster extends pulumi.ComponentResource<ClusterParts> {
  /** Machine's name, `core-1`, → its address on the cluster network. */
  readonly machines: pulumi.Output<Record<string, string>>;
  /** etcd member's name → `healthy`, or what is wrong with it. */
  readonly etcd: pulumi.Output<Record<string, string>>;
  /** Addresses at which published ports answer. */
  readonly published: pulumi.Output<string[]>;
  /** How to reach the machines; a secret. */
  readonly connection: pulumi.Output<Connection>;

  /** @internal */
  readonly openKeys: OpenKeys;
  /**
   * Names of the images that the program has brought so far.
   *
   * @internal
   */
  readonly images = new Set<string>();
  readonly #units = new Map<string, string>();

  /**
   * @param name letters, digits, dots, dashes and underscores, 63 at most
   * @param opts without a provider for the cluster's cloud: region and credentials are read in Pulumi's config
   * @throws RunError with all that is wrong with them. What this computer or account can't hold ends the program a moment
   *   later, before anything of the cluster is declared.
   */
  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const spec = specOf(name, args, opts);
    super('flotilla:components:Cluster', name, spec, opts);
    this.openKeys = spec;
    const parts = this.getData();
    this.machines = pulumi.output(parts.then(addresses));
    this.etcd = pulumi.output(parts.then(({ etcd }) => etcd.health));
    this.published = pulumi.output(parts.then(({ published }) => [...published]));
    this.connection = pulumi.output(parts.then(connection));
    // At once: while outputs are awaited the program is not taken to have ended.
    this.registerOutputs({ machines: this.machines, etcd: this.etcd, published: this.published });
  }

  /** Called by Pulumi's constructor; whoever depends on the component waits for it. */
  protected override async initialize(
    spec: ClusterSpec,
    _opts?: pulumi.ComponentResourceOptions,
    name = '',
  ): Promise<ClusterParts> {
    try {
      const platform = await choosePlatform(spec.platform);
      const plan = planCluster(clusterInStack(pulumi.getStack(), name), spec);
      return await createCluster(plan, platform, below(this, name));
    } catch (error) {
      throw componentError(`Cluster ${name}`, error);
    }
  }

  /** @internal */
  get parts(): Promise<ClusterParts> {
    return this.getData();
  }

  /**
   * Two sets with one unit would each bring their own version of it back.
   *
   * @internal
   * @throws InvalidInput with every unit that another set has.
   */
  claim(set: string, units: readonly string[]): void {
    const problems = units.flatMap((unit): Problem[] => {
      const other = this.#units.get(unit);
      if (other === undefined) return [];
      return [{ path: unit, problem: `is a unit of the set ${other} already`, fix: 'rename one of the two' }];
    });
    if (problems.length > 0) throw new InvalidInput('these units cannot be run:', problems);
    for (const unit of units) this.#units.set(unit, set);
  }
}

/** Where an image goes, and where it comes from. */
export interface ImageArgs extends ImageOrigin {
  /** The cluster whose machines get it. */
  cluster: Cluster;
}

/**
 * An image on the Docker of a cluster's machines, without a registry. `up` pushes what they lack of it, and is done when
 * all have it; units that name it wait for it where their set has it in `images`.
 */
export class Image extends pulumi.ComponentResource<ImageResource> {
  /** `sha256:…`, as Docker has it. */
  readonly imageId: pulumi.Output<string>;

  /** @throws RunError with all that is wrong with them. */
  constructor(name: string, args: ImageArgs, opts?: pulumi.ComponentResourceOptions) {
    const image = imageOf(name, args);
    const { cluster } = args;
    super('flotilla:components:Image', name, { cluster, image }, opts);
    cluster.images.add(image.name);
    this.imageId = pulumi.output(this.getData().then(({ imageId }) => imageId));
    this.registerOutputs({ imageId: this.imageId });
  }

  protected override async initialize(
    { cluster, image }: { cluster: Cluster; image: PlannedImage },
    _opts?: pulumi.ComponentResourceOptions,
    name = '',
  ): Promise<ImageResource> {
    return pushImage(name, image, await cluster.parts, { parent: this });
  }

  /** @internal */
  get pushed(): Promise<ImageResource> {
    return this.getData();
  }
}

/** Where a set's units run, and which they are. */
export interface UnitSetArgs extends UnitSources {
  /** The cluster that runs them. */
  cluster: Cluster;
  /** Images that are to be there before the units come. Default: none. */
  images?: Image[] | undefined;
}

/**
 * systemd units on a cluster. `up` checks them before anything is pushed, changes what differs, and is done when all of
 * them are healthy. A cluster may have several sets, and each unit is in one of them.
 */
export class UnitSet extends pulumi.ComponentResource<UnitSetResource> {
  /** Unit's name → names of the machines that have it. */
  readonly placements: pulumi.Output<Record<string, string[]>>;

  /** @throws RunError with every problem of every unit. */
  constructor(name: string, args: UnitSetArgs, opts?: pulumi.ComponentResourceOptions) {
    const units = unitsOf(name, args);
    const { cluster, images = [] } = args;
    super('flotilla:components:UnitSet', name, { cluster, images, units }, opts);
    this.placements = pulumi.output(this.getData().then(({ placements }) => placements));
    this.registerOutputs({ placements: this.placements });
  }

  protected override async initialize(
    { cluster, images, units }: { cluster: Cluster; images: readonly Image[]; units: UnitSetInputs['units'] },
    _opts?: pulumi.ComponentResourceOptions,
    name = '',
  ): Promise<UnitSetResource> {
    const pushed = await Promise.all(images.map((image) => image.pushed));
    return pushUnits(name, units, await cluster.parts, pushed, { parent: this });
  }
}

function specOf(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions): ClusterSpec {
  try {
    refuse([
      ...nameProblems(name),
      ...argumentProblems(args, '{ machines: { core: { count: 3, etcd: true } } }'),
    ]);
    refuse(ownProviderProblems(args.platform, opts));
    return parseClusterArgs(args);
  } catch (error) {
    throw componentError(`Cluster ${name}`, error);
  }
}

function nameProblems(name: string): Problem[] {
  if (name.length > longestClusterName)
    return [
      {
        path: 'name',
        problem: `${name.slice(0, 20)}… has ${name.length} characters`,
        fix: `use ${longestClusterName} at most`,
      },
    ];
  if (clusterName.test(name)) return [];
  const fix = 'use letters, digits, dots, dashes and underscores, beginning with a letter or digit';
  return [{ path: 'name', problem: `${JSON.stringify(name)} cannot name a cluster`, fix }];
}

/** Of what goes to a cluster: that one, and images, are components, and all else are plain values. */
function partProblems(args: unknown, example: string): Problem[] {
  if (!isRecord(args)) return argumentProblems(args, example);
  const { cluster, images = [], ...plain } = args;
  const problems = argumentProblems(plain, example);
  if (!Array.isArray(images) || !images.every((each) => each instanceof Image))
    problems.unshift({ path: 'images', problem: 'is no list of Images', fix: 'give a list of new Image(…)' });
  if (!(cluster instanceof Cluster)) {
    const fix = "give the one that it is for: new Cluster('blue', …)";
    problems.unshift({ path: 'cluster', problem: 'is no Cluster', fix });
  }
  return problems;
}

function imageOf(name: string, args: ImageArgs): PlannedImage {
  try {
    refuse(partProblems(args, "{ cluster, image: 'app:1', source: 'images/app' }"));
    const { cluster: _, ...origin } = args;
    return parseImageArgs(origin);
  } catch (error) {
    throw componentError(`Image ${name}`, error);
  }
}

function unitsOf(name: string, args: UnitSetArgs): UnitSetInputs['units'] {
  try {
    refuse(partProblems(args, "{ cluster, folders: ['units/hello'] }"));
    const { cluster, images: _, ...sources } = args;
    const { folders, units } = parseUnitSources(sources);
    const checked = loadUnits(folders, cluster.openKeys, [programUnits(units)]);
    warnOfImages(checked, cluster.images);
    cluster.claim(
      name,
      checked.map((unit) => unit.name),
    );
    return byName(checked);
  } catch (error) {
    throw componentError(`UnitSet ${name}`, error, { 'flotilla:units': 'folders' });
  }
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new InvalidInput(unusable, problems);
}

/**
 * A plain line that names the component, in a program's words: its settings have no `flotilla:` before them.
 *
 * @param settings those that are called otherwise there
 */
function componentError(
  component: string,
  error: unknown,
  settings: Readonly<Record<string, string>> = {},
): unknown {
  return runError(error, process.env, (thrown) => {
    const words = Object.entries(settings).reduce(
      (text, [setting, argument]) => text.replaceAll(setting, argument),
      messageWithCauses(thrown),
    );
    return `${component}: ${words.replaceAll('flotilla:', '')}`;
  });
}
