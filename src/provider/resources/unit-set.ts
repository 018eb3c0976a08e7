import { z } from 'zod';
import { messageWithCauses } from '../../model/message-of.ts';
import { targetStateSchema } from '../../model/unit.ts';
import { applyUnits, planUnits, readUnits, type UnitRecord, type UnitsRead } from '../../push/apply.ts';
import type { DesiredSet } from '../../push/diff.ts';
import { changeTakers, type Gateway, sshGateway } from '../../push/gateway.ts';
import type { ConnectionPool } from '../../ssh/pool.ts';
import { hashOf } from '../../unit/hash.ts';
import { machineAccess, sshTarget } from '../machine-access.ts';
import { type Context, InitFailed, type ResourceHandler } from '../resource.ts';
import { sketchPlacements } from '../sketch.ts';

const inputs = z.object({
  machines: z.array(machineAccess).min(1),
  privateKey: z.string(),
  units: z.record(z.string(), z.object({ contents: z.string(), targetState: targetStateSchema })),
});

const outputs = inputs.extend({ placements: z.record(z.string(), z.array(z.string())).default({}) });

type Inputs = z.output<typeof inputs>;
type Outputs = z.output<typeof outputs>;

export function unitSet(pool: ConnectionPool): ResourceHandler<Inputs, Outputs> {
  const gateways = ({ machines, privateKey }: Inputs, { log }: Pick<Context, 'log'>): Gateway[] =>
    changeTakers(machines).map((machine) => sshGateway(pool, sshTarget(machine, privateKey), log));

  async function apply(id: string, wanted: Inputs, previous: Inputs['units'], context: Context) {
    try {
      const { units } = await applyUnits(
        gateways(wanted, context),
        desiredSet(wanted, Object.keys(previous)),
        context,
      );
      return { ...wanted, placements: placementsOf(units) };
    } catch (error) {
      // Whatever this run may have touched stays in the state, so that the next one destroys or mends it.
      const units = { ...previous, ...wanted.units };
      throw new InitFailed(
        messageWithCauses(error),
        id,
        { ...wanted, units, placements: {} },
        { cause: error },
      );
    }
  }

  return {
    inputs,
    outputs,
    computed: ['placements'],

    async preview(wanted, old, { log, signal }) {
      // Before the first `up` there is no agent to ask.
      if (!old) return {};
      const previous = Object.keys(old.units);
      const plan = await planUnits(gateways(old, { log }), desiredSet(wanted, previous), { log, signal });
      for (const { type, unit, reason } of plan.operations) log(`${type} ${unit}: ${reason}`);
      for (const { name, how } of plan.rollouts) log(`${name} ${how}`);
      for (const { unit, machine, reason } of plan.moves) log(`${unit} → ${machine ?? 'nowhere'}: ${reason}`);
      for (const { unit, reason } of plan.pending) log(`${unit} stays pending: ${reason}`);
      return {};
    },

    async sketch(known, old, { log }) {
      const { placements, moves } = sketchPlacements(known, old?.placements ?? {});
      for (const move of moves) log(move);
      return { placements };
    },

    async create(wanted, context) {
      const id = `${context.stack}/${context.name}`;
      return { id, outputs: await apply(id, wanted, {}, context) };
    },

    async update(id, wanted, old, context) {
      return apply(id, wanted, old.units, context);
    },

    async read(_id, old, wanted, { log, signal }) {
      const found = await readUnits(gateways(old, { log }), Object.keys(old.units), { log, signal });
      for (const { unit, machine, reason } of found.drift) log(`${unit} on ${machine}: ${reason}`);
      return {
        outputs: { ...old, placements: placementsOf(found.units) },
        inputs: { ...wanted, units: foundUnits(wanted.units, found) },
      };
    },

    async delete(_id, old, { log, signal }) {
      await applyUnits(
        gateways(old, { log }),
        { units: [], previous: Object.keys(old.units) },
        { log, signal },
      );
    },
  };
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
