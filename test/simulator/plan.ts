import fc from 'fast-check';
import type { Metadata } from '../../src/model/machine.ts';
import { type TargetState, targetStates } from '../../src/model/unit.ts';
import { checkUnits } from '../../src/unit/check.ts';

/** One of the machines by its number, counted round, or whichever leads at that moment. */
export type Target = number | 'leader';

export interface UnitWish {
  readonly name: string;
  readonly contents: string;
  readonly targetState: TargetState;
}

/** What a user does to the cluster, and what happens to it. `seconds`: for how long, then it is over. */
interface Actions {
  apply: { readonly units: readonly UnitWish[] };
  destroy: { readonly unit: string };
  cordon: { readonly machine: Target; readonly drain: boolean };
  uncordon: { readonly machine: Target };
  rebalance: { readonly maxMoves: number };
  metadata: { readonly machine: Target; readonly metadata: Metadata };
  'restart agent': { readonly machine: Target; readonly seconds: number };
  'crash agent': { readonly machine: Target; readonly seconds: number };
  /** Loses power and comes back with the same disk. */
  'crash machine': { readonly machine: Target; readonly seconds: number };
  /** Never comes back. */
  'lose machine': { readonly machine: Target };
  /** Its agent gets no CPU; its units run on. */
  pause: { readonly machine: Target; readonly seconds: number };
  /** Does not reach the store; `unplugged`: nor anybody else. */
  cut: {
    readonly machine: Target;
    readonly seconds: number;
    readonly silent: boolean;
    readonly unplugged: boolean;
  };
  slow: { readonly machine: Target; readonly seconds: number; readonly ms: number };
  /** Calls are answered, watches say nothing. */
  deafen: { readonly machine: Target; readonly seconds: number };
  'store down': { readonly seconds: number; readonly silent: boolean };
  compact: object;
  /** The store takes the machine's lease away for no reason. */
  'expire lease': { readonly machine: Target };
  /** The wall clock of all machines jumps. */
  jump: { readonly seconds: number };
  'lose systemd': { readonly machine: Target };
  'fail unit': { readonly unit: string };
}

export type Kind = keyof Actions;
export type Action<K extends Kind = Kind> = { [P in K]: { readonly kind: P } & Actions[P] }[K];

/** An action, and the seconds that pass until the next one. */
export interface Step {
  readonly action: Action;
  readonly wait: number;
}

/** All that a run depends on. */
export interface Plan {
  readonly machines: readonly Metadata[];
  /** Seconds between the first boot and the first step. */
  readonly warmUp: number;
  readonly steps: readonly Step[];
  /** Seed of what is too small to be planned: how long each packet takes, which ones are lost. */
  readonly noise: number;
}

/** Every unit a plan may name. */
const unitNames = [
  'a.service',
  'b.service',
  'c.service',
  'db@1.service',
  'web@1.service',
  'web@2.service',
  'web@3.service',
  'job.service',
];

const name = fc.constantFrom(...unitNames);
const metadata: fc.Arbitrary<Metadata> = fc.record(
  { disk: fc.constantFrom('ssd', 'hdd'), zone: fc.constantFrom('a', 'b') },
  { requiredKeys: [] },
);
const glob = fc.oneof(name, fc.constantFrom('web@*.service', 'web@?.service', '[ab].service', '*'));

const constraint = fc.oneof(
  { weight: 3, arbitrary: glob.map((value) => `Conflicts=${value}`) },
  { weight: 2, arbitrary: name.map((value) => `MachineOf=${value}`) },
  { weight: 1, arbitrary: glob.map((value) => `Replaces=${value}`) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'MachineMetadata=disk=ssd',
      'MachineMetadata="zone=a" "zone=b"',
      'MachineID=22222222',
    ),
  },
  { weight: 1, arbitrary: fc.constant('Global=true') },
);

/** What its process does: runs on, finishes, fails at once. */
const body = fc.oneof(
  { weight: 8, arbitrary: fc.constant('ExecStart=/bin/sleep inf') },
  { weight: 1, arbitrary: fc.constant('Type=oneshot\nExecStart=/bin/true') },
  { weight: 1, arbitrary: fc.constant('ExecStart=/bin/false') },
);

const fleet = fc.array(constraint, { maxLength: 2 });

/** Where units choose keys. */
export const chosenPrefix = '/app/';

const offers = [
  'Service=app\nPort=80',
  'Service=%p\nPort=81',
  `Service=app\nPort=82\nServiceKey=${chosenPrefix}%n`,
];

/** Comes to the Docker of each machine a while after that has booted. */
export const theImage = 'app:1';

const own = fc.uniqueArray(
  fc.oneof(
    { weight: 3, arbitrary: fc.constant('Fence=stop') },
    {
      weight: 1,
      arbitrary: fc.constantFrom('MachineMetadata=disk in (ssd,nvme)', 'MachineMetadata=zone!=a'),
    },
    { weight: 1, arbitrary: fc.constantFrom('MaxPerMachine=1', 'Spread=zone', 'Weight=2') },
    { weight: 2, arbitrary: fc.constantFrom(...offers) },
    { weight: 1, arbitrary: fc.constant('Ready=http :80/') },
    { weight: 1, arbitrary: fc.constant(`Image=${theImage}`) },
  ),
  { maxLength: 2, selector: (line) => line.split('=')[0] },
);

const wish: fc.Arbitrary<UnitWish> = fc
  .record({ name, body, fleet, own, version: fc.nat(2), targetState: wantedState() })
  .map(({ name, body, fleet, own, version, targetState }) => ({
    name,
    targetState,
    contents: unitFile(`${body}\nEnvironment=VERSION=${version}`, fleet, own),
  }))
  .filter((unit) => 'units' in checkUnits([unit]));

function wantedState(): fc.Arbitrary<TargetState> {
  return fc.oneof(
    { weight: 5, arbitrary: fc.constant<TargetState>('launched') },
    { weight: 1, arbitrary: fc.constantFrom(...targetStates) },
  );
}

export function unitFile(
  service: string,
  fleet: readonly string[] = [],
  own: readonly string[] = [],
): string {
  const sections = [
    `[Service]\n${service}`,
    ...(fleet.length > 0 ? [`[X-Fleet]\n${fleet.join('\n')}`] : []),
    ...(own.length > 0 ? [`[X-Flotilla]\n${own.join('\n')}`] : []),
  ];
  return `${sections.join('\n')}\n`;
}

const machine: fc.Arbitrary<Target> = fc.oneof(
  { weight: 4, arbitrary: fc.nat(4) },
  { weight: 1, arbitrary: fc.constant('leader' as const) },
);
const upTo = (seconds: number) => fc.integer({ min: 1, max: seconds });
const silent = fc.boolean();
const is = <K extends Kind>(kind: K) => fc.constant(kind);

const userAction: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: is('apply'),
      units: fc.uniqueArray(wish, { minLength: 1, maxLength: 5, selector: (unit) => unit.name }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: is('destroy'), unit: name }) },
  { weight: 1, arbitrary: fc.record({ kind: is('cordon'), machine, drain: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: is('uncordon'), machine }) },
  { weight: 1, arbitrary: fc.record({ kind: is('rebalance'), maxMoves: upTo(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: is('metadata'), machine, metadata }) },
);

const fault: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: is('restart agent'), machine, seconds: upTo(5) }),
  fc.record({ kind: is('crash agent'), machine, seconds: upTo(5) }),
  fc.record({ kind: is('crash machine'), machine, seconds: upTo(90) }),
  fc.record({ kind: is('lose machine'), machine }),
  fc.record({ kind: is('pause'), machine, seconds: upTo(40) }),
  fc.record({ kind: is('cut'), machine, seconds: upTo(90), silent, unplugged: fc.boolean() }),
  fc.record({ kind: is('slow'), machine, seconds: upTo(60), ms: fc.integer({ min: 10, max: 4000 }) }),
  fc.record({ kind: is('deafen'), machine, seconds: upTo(40) }),
  fc.record({ kind: is('store down'), seconds: upTo(60), silent }),
  fc.record({ kind: is('compact') }),
  fc.record({ kind: is('expire lease'), machine }),
  fc.record({ kind: is('jump'), seconds: fc.integer({ min: -86_400, max: 86_400 }) }),
  fc.record({ kind: is('lose systemd'), machine }),
  fc.record({ kind: is('fail unit'), unit: name }),
);

const wait = fc.oneof(
  { weight: 3, arbitrary: fc.nat(2) },
  { weight: 3, arbitrary: fc.nat(20) },
  { weight: 1, arbitrary: fc.nat(90) },
);

const step: fc.Arbitrary<Step> = fc.record({
  action: fc.oneof({ weight: 2, arbitrary: userAction }, { weight: 3, arbitrary: fault }),
  wait,
});

/** Any cluster, anything a user may do to it, anything that may happen to it. Shrinks to what matters. */
export const plans: fc.Arbitrary<Plan> = fc.record({
  machines: fc.array(metadata, { minLength: 1, maxLength: 5, size: 'max' }),
  warmUp: fc.constantFrom(2, 40),
  steps: fc.array(step, { minLength: 1, maxLength: 16, size: 'max' }),
  noise: fc.nat(),
});
