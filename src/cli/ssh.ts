import { type Command, Option } from 'commander';
import type { Cluster } from './cluster.ts';
import { type Verb, verb, withCluster } from './command.ts';
import type { Context } from './context.ts';
import { CommandFailed, wrongUsage } from './failure.ts';
import { absence, findMachine, findUnit, whereabouts } from './lookup.ts';
import type { KnownMachine } from './stack.ts';
import { unitName } from './unit-words.ts';

interface SshOptions {
  readonly unit?: string;
  readonly machine?: string;
  readonly forwardAgent?: boolean;
}

export const ssh: Verb = (context) =>
  verb('ssh', {
    summary: 'open a shell on a machine, or run a command there',
    description:
      'Opens a shell on a machine, or runs a command there; its exit status becomes that of flotilla. The first word ' +
      'is a machine or, when no machine is called that, a unit; --machine and --unit say which.\n\n' +
      'One word is a line for the remote shell. Several words reach the command as they are, without a shell.',
    examples: ['ssh core-1', 'ssh core-1 docker ps', "ssh core-1 'dmesg | tail'", 'ssh --unit web@1 uptime'],
  })
    .usage('[options] <machine or unit> [command...]')
    .argument('[words...]', 'machine (name, id or the beginning of an id) or unit, then the command')
    .addOption(
      new Option('--unit <unit>', 'the machine that has this unit; all words are the command then').conflicts(
        'machine',
      ),
    )
    .option('--machine <machine>', 'this machine; all words are the command then')
    .option('-A, --forward-agent', 'lend the ssh-agent of this computer to the command')
    .passThroughOptions()
    .action((words: string[], options: SshOptions, command: Command) => {
      refuseNowhere(context, words, options);
      const { forwardAgent = false } = options;
      return withCluster(context, command, async (cluster) => {
        const { machine, rest } = await destination(cluster, words, options);
        const program = { argv: argvOf(rest), root: false, forwardAgent };
        return cluster.run(machine, program, context.terminal);
      });
    });

/** What can be told before a cluster is asked. */
function refuseNowhere({ env }: Context, words: readonly string[], options: SshOptions): void {
  if (options.unit === undefined && options.machine === undefined && words.length === 0) {
    throw new CommandFailed(
      'say which machine: flotilla ssh <machine>, or flotilla ssh --unit <unit>',
      wrongUsage,
    );
  }
  if (options.forwardAgent && !env.SSH_AUTH_SOCK) {
    throw new CommandFailed('SSH_AUTH_SOCK names no ssh-agent to forward; start one, or leave out -A');
  }
}

async function destination(
  cluster: Cluster,
  words: readonly string[],
  { unit, machine }: SshOptions,
): Promise<{ machine: KnownMachine; rest: readonly string[] }> {
  if (machine !== undefined) return { machine: findMachine(cluster.machines, machine), rest: words };
  if (unit !== undefined) return { machine: await machineOfUnit(cluster, unit), rest: words };
  const [word = '', ...rest] = words;
  return { machine: await detect(cluster, word), rest };
}

/** Nobody calls a unit by so many hexadecimal digits. */
const certainlyId = /^[0-9a-f]{8,32}$/;

/** A machine's name needs no answer of the cluster, so that one can log in when no agent gives any. */
async function detect(cluster: Cluster, word: string): Promise<KnownMachine> {
  const { machines, api } = cluster;
  if (machines.some(({ name }) => name === word) || certainlyId.test(word))
    return findMachine(machines, word);
  const { units } = await api.units();
  if (!units.some(({ name }) => name === unitName(word))) return findMachine(machines, word);
  if (machines.some(({ id }) => id.startsWith(word))) {
    throw new CommandFailed(
      `${word} is both a unit and the beginning of an id; say --unit or --machine`,
      wrongUsage,
    );
  }
  return machineOfUnit(cluster, word);
}

async function machineOfUnit(cluster: Cluster, word: string): Promise<KnownMachine> {
  const { units } = await cluster.api.units();
  const unit = findUnit(units, word);
  const [machine] = await whereabouts(cluster, unit);
  if (!machine) throw new CommandFailed(`${unit.name}: ${absence(unit)}`);
  return machine;
}

/** commander leaves a `--` in place that follows the machine. */
function argvOf(words: readonly string[]): readonly string[] | undefined {
  const command = words[0] === '--' ? words.slice(1) : words;
  const [line] = command;
  if (line === undefined) return undefined;
  return command.length === 1 ? ['sh', '-c', line] : command;
}
