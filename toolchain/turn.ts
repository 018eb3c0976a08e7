import * as z from 'zod';
import { nameOf, typeOf } from './urn.ts';

/** A group of the stack config, as far as its replacement goes. */
export interface RollingGroup {
  readonly name: string;
  readonly count: number;
  readonly generation: number;
}

const Config = z.object({ config: z.record(z.string(), z.unknown()).nullish() }).nullish();
/** What is wrong with it is said when pulumi runs. */
const Group = z.object({
  count: z.int(),
  generation: z.int().default(1),
  surge: z.unknown().optional(),
});

/** Groups of a stack's configuration that are replaced one machine at a time. */
export function rollingGroups(config: unknown): RollingGroup[] {
  const machines = Config.safeParse(config).data?.config?.['flotilla:machines'];
  return Object.entries(z.record(z.string(), z.unknown()).safeParse(machines).data ?? {}).flatMap(
    ([name, value]) => {
      const group = Group.safeParse(value).data;
      return group?.surge === undefined ? [] : [{ name, ...group }];
    },
  );
}

/** The types that machines are, one for each platform that makes some. */
const machineTypes: ReadonlySet<string> = new Set([
  'aws:ec2/instance:Instance',
  'digitalocean:index/droplet:Droplet',
  'flotilla:local:Machine',
]);

/** A resource of the state, as `pulumi stack export` has it (sdk/go/common/apitype, ResourceV3). */
const Resource = z.object({
  urn: z.string(),
  /** It was replaced, and is still to be deleted. */
  delete: z.boolean().default(false),
  /** The generation that it is of: `machineLife` in src/platform/first-boot.ts. */
  replacementTrigger: z.unknown().optional(),
});
const Export = z.object({
  deployment: z.object({ resources: z.array(Resource).nullish() }),
});

/** A machine that is there. */
interface Standing {
  readonly name: string;
  readonly index: number;
  readonly generation: number;
  readonly leaving: boolean;
}

/** What a run does about the groups that are replaced one machine at a time. */
export interface Turn {
  /** Machine's name → the generation that it stays in. */
  readonly kept: Readonly<Record<string, number>>;
  /** What is said of each group that is not of one generation yet. */
  readonly says: readonly string[];
  /** Machines that still have to be replaced when this run has ended well. */
  readonly left: number;
}

/**
 * Whose turn it is: of each group the first machine that is of another generation than the config's. All others keep
 * theirs. Nobody has it while a machine of the group is there beyond its count, be it that an earlier run has not deleted
 * what it replaced, be it that the count went down: this run deletes those, and there is never more than one too many.
 *
 * @param exported what `pulumi stack export` prints
 */
export function planTurn(groups: readonly RollingGroup[], exported: unknown): Turn {
  const resources = Export.parse(exported).deployment.resources ?? [];
  const turns = groups.map((group) => turnOf(group, standing(group, resources)));
  return {
    kept: Object.assign({}, ...turns.map(({ kept }) => kept)),
    says: turns.flatMap(({ says }) => says),
    left: turns.reduce((sum, { left }) => sum + left, 0),
  };
}

function turnOf({ name, count, generation }: RollingGroup, machines: readonly Standing[]): Turn {
  const staying = machines.filter(({ leaving, index }) => !leaving && index <= count);
  const lagging = staying.filter((each) => each.generation !== generation);
  if (lagging.length === 0) return { kept: {}, says: [], left: 0 };
  const crowded = machines.length > staying.length;
  const [first, ...others] = lagging;
  const waiting = crowded || !first ? lagging : others;
  const kept = Object.fromEntries(waiting.map((each) => [each.name, each.generation]));
  const left = waiting.length;
  const says = crowded
    ? `${name}: what leaves goes first; its ${left} machines are replaced after that`
    : `${name}: ${first?.name} is replaced in this run, one machine at a time; ${left} of the group are left then`;
  return { kept, says: [says], left };
}

function standing({ name }: RollingGroup, resources: readonly z.output<typeof Resource>[]): Standing[] {
  return resources
    .flatMap(({ urn, delete: leaving, replacementTrigger }) => {
      const machine = nameOf(urn);
      const index = Number(machine.slice(name.length + 1));
      const generation = z.int().safeParse(replacementTrigger).data;
      if (!machineTypes.has(typeOf(urn)) || machine !== `${name}-${index}` || generation === undefined)
        return [];
      return [{ name: machine, index, generation, leaving }];
    })
    .sort((a, b) => a.index - b.index);
}
