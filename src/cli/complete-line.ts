import type { Argument, Command, Option } from 'commander';

/** What can stand where the cursor is. */
export interface Suggestion {
  readonly text: string;
  readonly description?: string;
}

/** Things of the cluster that have names. */
export type Noun = 'unit' | 'machine' | 'rollout' | 'service';

export interface Completion {
  /** What stands in the word before what can be completed: `--machine=`. */
  readonly lead: string;
  /** The beginning of the rest of the word at the cursor. */
  readonly prefix: string;
  readonly candidates: readonly Suggestion[];
  /** Kinds of names that fit besides the candidates; the cluster knows them. */
  readonly nouns: readonly Noun[];
  /** `--stack` on the line: the cluster that is meant. */
  readonly stack: string | undefined;
}

/** How far a line's words have come. */
interface Place {
  readonly command: Command;
  /** An option whose value is next. */
  readonly awaited?: Option | undefined;
  /** Arguments so far. */
  readonly position: number;
  readonly stack?: string | undefined;
}

/** Follows the words down to the command they have reached, and says what the last one can become. */
export function completeLine(program: Command, words: readonly string[]): Completion {
  const place = words.slice(0, -1).reduce(step, { command: program, position: 0 });
  const word = words.at(-1) ?? '';
  const [, name = '', value = ''] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
  const awaited = place.awaited ? undefined : optionWithValue(place.command, name);
  const [lead, prefix] = awaited ? [`${name}=`, value] : ['', word];
  const found = next(awaited ? { ...place, awaited } : place, prefix);
  return { lead, prefix, stack: place.stack, candidates: [], nouns: [], ...found };
}

function step(place: Place, word: string): Place {
  const { command, awaited, position, stack } = place;
  if (awaited) return { command, position, stack: awaited.long === '--stack' ? word : stack };
  if (word.startsWith('-')) {
    return { ...place, awaited: optionWithValue(command, word), stack: stackOf(word) ?? stack };
  }
  const sub = command.commands.find((each) => each.name() === word);
  return sub ? { ...place, command: sub } : { ...place, position: position + 1 };
}

/** What stands behind the `=` of an option, if anything does. */
function stackOf(word: string): string | undefined {
  return /^--stack=(.*)$/.exec(word)?.[1];
}

/** Undefined for an option that takes no value, or has it behind a `=`. */
function optionWithValue(command: Command, word: string): Option | undefined {
  const option = optionsOf(command).find(({ short, long }) => word === short || word === long);
  return option && (option.required || option.optional) ? option : undefined;
}

function next({ command, awaited, position }: Place, prefix: string): Partial<Completion> {
  if (awaited) return valuesOf(awaited, awaited.attributeName());
  if (prefix.startsWith('-')) return { candidates: optionCandidates(command) };
  if (command.commands.length > 0) return { candidates: verbCandidates(command) };
  const argument = argumentAt(command, position);
  return argument ? valuesOf(argument, argument.name()) : {};
}

/** The last argument takes all further words if it is one of several. */
function argumentAt({ registeredArguments }: Command, position: number): Argument | undefined {
  const last = registeredArguments.at(-1);
  return registeredArguments[position] ?? (last?.variadic ? last : undefined);
}

/** Arguments and options are called after what they name: that is what their values can be. */
const nounsByName: Readonly<Record<string, readonly Noun[]>> = {
  unit: ['unit'],
  units: ['unit'],
  machine: ['machine'],
  rollout: ['rollout'],
  service: ['service'],
  words: ['machine', 'unit'],
};

function valuesOf({ argChoices }: Option | Argument, name: string): Partial<Completion> {
  const candidates = (argChoices ?? []).map((text) => ({ text }));
  return { candidates, nouns: nounsByName[name] ?? [] };
}

/** Its own alone: those of the program count before the verb only, and verbs have their own `--stack`. */
function optionsOf(command: Command): readonly Option[] {
  return command.createHelp().visibleOptions(command);
}

function optionCandidates(command: Command): readonly Suggestion[] {
  return optionsOf(command).flatMap(({ long, description }) => (long ? [{ text: long, description }] : []));
}

function verbCandidates(command: Command): readonly Suggestion[] {
  const verbs = command.createHelp().visibleCommands(command);
  return verbs.map((each) => ({ text: each.name(), description: each.summary() }));
}
