import * as z from 'zod';
import { upCommand } from '../../model/up-command.ts';
import type { ResourceHandler } from '../resource.ts';

const place = z.object({
  /** The cloud's name of it. */
  region: z.string(),
  /** Path of the setting that chose it, for messages. */
  setting: z.string(),
});

type Place = z.output<typeof place>;

/**
 * Where a cluster began. It makes nothing: it is there so that the state knows. A cloud's provider takes another region for
 * another cluster, makes everything there, and ends all that is in the old one.
 */
export const region: ResourceHandler<Place, Place> = {
  inputs: place,
  outputs: place,
  computed: [],
  async preview(wanted, old) {
    if (old) refuseMove(old, wanted);
    return {};
  },
  async create(wanted, { stack, name }) {
    return { id: `${stack}/${name}`, outputs: wanted };
  },
  async update(_id, wanted, old) {
    refuseMove(old, wanted);
    return wanted;
  },
};

/** @throws Error */
function refuseMove(old: Place, wanted: Place): void {
  if (old.region === wanted.region) return;
  throw new Error(
    `the cluster lives in ${old.region}, and ${wanted.setting} is ${wanted.region} now: everything would be made anew ` +
      `there, and all that runs in ${old.region} would end. Nothing was changed. Next step: set ${old.setting} to ` +
      `${old.region} again; to move, \`npm run down\` with that, and then ${upCommand()} with ${wanted.region}`,
  );
}
