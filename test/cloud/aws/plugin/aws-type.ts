import type * as z from 'zod';
import type { Properties } from '../../../../src/provider/resource.ts';
import { waitFor } from '../../plugin/wait.ts';
import type { ResourceType, Session } from './session.ts';

/** Seconds in which what was made must be seen everywhere ("eventual consistency" in EC2's API reference). */
const propagation = 300;

/** What all types of AWS have in common: a region, and a last look at what was made that waits until it is there. */
export function awsType<Shape extends z.core.$ZodShape>(type: ResourceType<Shape>): ResourceType<Shape> {
  const read: ResourceType<Shape>['read'] = async (session, id, known) => {
    const found = await type.read(session, id, known);
    return found && { ...found, region: session.settings.region };
  };
  return {
    ...type,
    computed: [...type.computed, 'region'],
    read,
    async create(session, wanted, made) {
      demandRegion(session, wanted);
      let id: string | undefined;
      await type.create(session, wanted, (each) => {
        id = each;
        made(each);
      });
      if (id !== undefined) made(id, await whenThere(session, id, { ...wanted }, read));
    },
  };
}

function demandRegion({ settings }: Session, { region }: Properties): void {
  if (region !== undefined && region !== settings.region)
    throw new Error(`the test cloud serves one region, ${settings.region}, not ${region}`);
}

async function whenThere<Shape extends z.core.$ZodShape>(
  session: Session,
  id: string,
  known: Properties,
  read: ResourceType<Shape>['read'],
): Promise<Properties> {
  let found: Properties | undefined;
  const look = async () => {
    found = await read(session, id, known);
    return found ? 'there' : 'not found';
  };
  await waitFor(
    { pending: ['not found'], target: 'there', look, timeout: propagation, poll: 0.5 },
    session.settings,
  );
  if (!found) throw new Error(`${id} was never seen`);
  return found;
}
