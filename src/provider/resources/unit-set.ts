import * as z from 'zod';
import { messageWithCauses } from '../../model/message-of.ts';
import { targetStateSchema } from '../../model/unit.ts';
import {
  applyUnits,
  planUnits,
  readUnits,
  type UnitRecord,
  type UnitsPlan,
  type UnitsRead,
} from '../../push/apply.ts';
import type { DesiredSet, UnitOperation } from '../../push/diff.ts';
import { changeTakers, type Gateway, sshGateway } from '../../push/gateway.ts';
import type { ConnectionPool } from '../../ssh/pool.ts';
import { hashOf } from '../../unit/hash.ts';
import { machineAccess, sshTarget } from '../machine-access.ts';
import { type Context, InitFailed, type ResourceHandler } from '../resource.ts';
import { sketchOperations, sketchPlacements } from '../sketch.ts';

const inputs = z.object({
  machines: z.array(machineAccess).min(1),
  privateKey: z.string(),
  units: z.record(z.string(), z.object({ contents: z.string(), targetState: targetStateSchema })),
});

const outputs = inputs.extend({ placements: z.record(z.string(), z.array(z.string())).default({}) });

type Inputs = z.output<typeof inputs>;
type Outputs = z.output<typeof outputs>;

export function unitSet(pool: ConnectionPool): ResourceHandler<Inputs, Outputs> {
  return {
    inputs,
    outputs,
    computed: ['placements'],

    async preview(wanted, old, { log, signal }) {
      // Before the first `up` there is no agent to ask.
      if (!old) return {};
      const previous = Object.keys(old.units);
      // By the way that `update` will go, since the old one may lead through a bastion that is no more.
      const gateways = gatewaysOf(pool, wanted, log);
      const plan = await planUnits(gateways, desiredSet(wanted, previous), { log, signal });
      for (const line of linesOf(plan)) log(line);
      return {};
    },

    async sketch(known, old, { log }) {
      if (old) {
        log(
          'a sketch by the state, since machines are to come first; `up` asks the cluster when they are there',
        );
        for (const each of sketchOperations(known, old.units)) log(sayOperation(each));
      }
      const { placements, moves } = sketchPlacements(known, old?.placements ?? {});
      for (const move of moves) log(move);
      return { placements };
    },

    async create(wanted, context) {
      const id = `${context.stack}/${context.name}`;
      return { id, outputs: await apply(pool, id, wanted, { units: {}, placements: {} }, context) };
    },

    async update(id, wanted, old, context) {
      return apply(pool, id, wanted, old, context);
    },

    async read(_id, old, wanted, { log, signal }) {
      const found = await readUnits(gatewaysOf(pool, old, log), Object.keys(old.units), { log, signal });
      for (const { unit, machine, reason } of found.drift) log(`${unit} on ${machine}: ${reason}`);
      return {
        outputs: { ...old, placements: placementsOf(found.units) },
        inputs: { ...wanted, units: foundUnits(wanted.units, found) },
      };
    },

    async delete(_id, old, { log, signal }) {
      await applyUnits(
        gatewaysOf(pool, old, log),
        { units: [], previous: Object.keys(old.units) },
        { log, signal },
      );
    },
  };
}

function gatewaysOf(pool: ConnectionPool, { machines, privateKey }: Inputs, log: Context['log']): Gateway[] {
  return changeTakers(machines).map((machine) => sshGateway(pool, sshTarget(machine, privateKey), log));
}

async function apply(
  pool: ConnectionPool,
  id: string,
  wanted: Inputs,
  previous: Pick<Outputs, 'units' | 'placements'>,
  context: Context,
): Promise<Outputs> {
  const desired = desiredSet(wanted, Object.keys(previous.units));
  try {
    const { units } = await applyUnits(gatewaysOf(pool, wanted, context.log), desired, context);
    return { ...wanted, placements: placementsOf(units) };
  } catch (error) {
    // Whatever this run may have touched stays in the state, so that the next one destroys or mends it.
    const units = { ...previous.units, ...wanted.units };
    const outputs = { ...wanted, units, placements: previous.placements };
    throw new InitFailed(messageWithCauses(error), id, outputs, { cause: error });
  }
}

function sayOperation({ type, unit, reason }: UnitOperation): string {
  return `${type} ${unit}: ${reason}`;
}

/** What the preview shows. */
function linesOf({ operations, rollouts, moves, pending }: UnitsPlan): string[] {
  return [
    ...operations.map(sayOperation),
    ...rollouts.map(({ name, how }) => `${name} ${how}`),
    ...moves.map(({ unit, machine, reason }) => `${unit} → ${machine ?? 'nowhere'}: ${reason}`),
    ...pending.map(({ unit, reason }) => `${unit} stays pending: ${reason}`),
  ];
}

function desiredSet({ units }: Inputs, previous: readonly string[]): DesiredSet {
  return { units: Object.entries(units).map(([name, unit]) => ({ name, ...unit })), previous };
}

function placementsOf(units: readonly UnitRecord[]): Record<string, string[]> {
  return Object.fromEntries(
    units.map(({ name, machines }) => [name, machines.map(({ machine }) => machine).sort()]),
  );
}

/** The units as the cluster has them, written so that every difference to the program shows under its unit. */
function foundUnits(wanted: Inputs['units'], { units, drift }: UnitsRead): Inputs['units'] {
  const drifted = new Map(drift.map(({ unit, machine, reason }) => [unit, `# on ${machine}: ${reason}\n`]));
  return Object.fromEntries(
    units.map(({ name, hash, targetState }) => {
      const contents = wanted[name]?.contents;
      const same = contents !== undefined && hashOf(contents) === hash && !drifted.has(name);
      const note = drifted.get(name) ?? `# sha256 ${hash}\n`;
      return [name, { contents: same ? contents : note, targetState }];
    }),
  );
}
