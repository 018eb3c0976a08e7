import type { Command } from 'commander';
import type { Cluster } from './cluster.ts';
import { type Verb, verb, withCluster } from './command.ts';
import { CommandFailed } from './failure.ts';
import { absence, findMachine, findUnit } from './lookup.ts';
import type { KnownMachine } from './stack.ts';
import { whereabouts } from './systemd.ts';

interface SshOptions {
  readonly unit?: string;
}

export const ssh: Verb = (context) =>
  verb('ssh', {
    summary: 'open a shell on a machine, or run a command there',
    description:
      'Opens a shell on a machine, or runs a command there; its exit status becomes that of flotilla.\n\n' +
      'One word is a line for the remote shell. Several words reach the command as they are, without a shell.',
    examples: ['ssh core-1', 'ssh core-1 docker ps', "ssh core-1 'dmesg | tail'", 'ssh --unit web@1 uptime'],
  })
    .usage('[options] <machine> [command...]')
    .argument('[words...]', 'machine (name, id or the beginning of an id), then the command')
    .option('--unit <unit>', 'the machine that has this unit; all words are the command then')
    .passThroughOptions()
    .action((words: string[], options: SshOptions, command: Command) => {
      if (options.unit === undefined && words.length === 0) {
        throw new CommandFailed(
          'say which machine: flotilla ssh <machine>, or flotilla ssh --unit <unit>',
          2,
        );
      }
      return withCluster(context, command, async (cluster) => {
        const { machine, rest } = await destination(cluster, words, options.unit);
        return cluster.run(machine, { argv: argvOf(rest), root: false }, context.terminal);
      });
    });

async function destination(
  cluster: Cluster,
  words: readonly string[],
  unitName: string | undefined,
): Promise<{ machine: KnownMachine; rest: readonly string[] }> {
  if (unitName === undefined) {
    const [word = '', ...rest] = words;
    return { machine: findMachine(cluster.machines, word), rest };
  }
  const { units } = await cluster.api.units();
  const unit = findUnit(units, unitName);
  const [machine] = await whereabouts(cluster, unit);
  if (!machine) throw new CommandFailed(`${unit.name}: ${absence(unit)}`);
  return { machine, rest: words };
}

/** commander leaves a `--` in place that follows the machine. */
function argvOf(words: readonly string[]): readonly string[] | undefined {
  const command = words[0] === '--' ? words.slice(1) : words;
  const [line] = command;
  if (line === undefined) return undefined;
  return command.length === 1 ? ['sh', '-c', line] : command;
}
