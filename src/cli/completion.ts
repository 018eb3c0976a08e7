import { Argument, Command } from 'commander';
import type { Verb } from './command.ts';
import { completionScripts, type Shell } from './completion-scripts.ts';

/** The scripts come from the verbs themselves: what a shell offers can't fall behind what there is. */
export const completion: Verb = (context) =>
  new Command('completion')
    .summary('print a script that makes a shell complete flotilla')
    .description(
      'Completes verbs, options, and names of units and machines, for which the cluster is asked: that takes as long ' +
        'as any command. The command has to be called flotilla; `ln -s "$PWD/bin/flotilla" ~/.local/bin/` in the ' +
        'clone puts it on PATH.',
    )
    .addArgument(new Argument('<shell>', 'whose script').choices(Object.keys(completionScripts)))
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ source <(flotilla completion bash)                                    # in ~/.bashrc\n' +
        '  $ source <(flotilla completion zsh)                                     # in ~/.zshrc, after compinit\n' +
        '  $ flotilla completion fish > ~/.config/fish/completions/flotilla.fish\n',
    )
    .action((shell: Shell) => {
      context.terminal.stdout.write(completionScripts[shell]);
    });
