import type { Command } from 'commander';
import { parseUnit } from '../unit/parse.ts';
import { readRequirements } from '../unit/requirements.ts';
import type { Cluster } from './cluster.ts';
import { type Verb, verb, withCluster } from './command.ts';
import { findMachine } from './lookup.ts';
import { print } from './say.ts';
import { unitContents } from './unit-contents.ts';
import { addPatience, patience, type WaitOptions } from './wait-options.ts';
import { waitUntil } from './wait-until.ts';

interface Options extends WaitOptions {
  readonly reason?: string;
}

export const drain: Verb = (context) =>
  addPatience(
    verb('drain', {
      summary: 'move the units of a machine to others, and give it no new ones',
      description:
        'For work on a machine. Its units go to others, as far as others fit; global units stay. Waits until the ' +
        'rest is gone. It lasts over reboots, until `uncordon`.',
      examples: ['drain core-2 --reason "new disk"', 'drain --timeout 600 core-2'],
    }),
  )
    .argument('<machine>', 'name, id or the beginning of an id')
    .option('--reason <text>', 'shown to whoever wonders')
    .action((word: string, options: Options, command: Command) =>
      withCluster(context, command, async (cluster) => {
        const machine = findMachine(cluster.machines, word);
        const { reason } = options;
        const body = reason === undefined ? {} : { reason };
        const { id } = await cluster.api.onMachine(machine.name, 'drain', body);
        const deadline = patience(options);
        if (deadline !== undefined) {
          const guests = new Guests(cluster, id);
          await waitUntil(context, deadline, () => guests.left(), stays);
        }
        print(context, `Machine ${machine.name} ${deadline === undefined ? 'is draining' : 'is drained'}`);
        return 0;
      }),
    );

const stays =
  'It goes on without this command: `flotilla explain UNIT` says what keeps a unit there, or wait longer with --timeout';

/** The units of a machine that shall leave it. */
class Guests {
  readonly #cluster: Cluster;
  readonly #machineId: string;
  /** By hash of the unit file, whether it makes a global unit: those belong to every machine. */
  readonly #global = new Map<string, boolean>();

  constructor(cluster: Cluster, machineId: string) {
    this.#cluster = cluster;
    this.#machineId = machineId;
  }

  async left(): Promise<readonly string[]> {
    const { units } = await this.#cluster.api.units();
    const here = units.filter(({ placements, states }) =>
      [...placements, ...states].some(({ machineId }) => machineId === this.#machineId),
    );
    const left: string[] = [];
    for (const { name, hash } of here) {
      if (await this.#mustLeave(name, hash)) left.push(`${name} to leave`);
    }
    return left;
  }

  /** Global units stay, and one that was destroyed since the list was made is nobody's any more. */
  async #mustLeave(name: string, hash: string): Promise<boolean> {
    const known = this.#global.get(hash);
    if (known !== undefined) return !known;
    const contents = await unitContents(this.#cluster, name);
    if (contents === undefined) return false;
    const { global } = readRequirements(name, parseUnit(contents).options);
    this.#global.set(hash, global);
    return !global;
  }
}
