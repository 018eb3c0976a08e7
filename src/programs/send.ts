import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { reminding } from '../model/remind.ts';
import { settled } from '../model/settled.ts';
import { upCommand } from '../model/up-command.ts';
import { commandFailure } from '../ssh/command-failure.ts';
import type { Command, Connection } from '../ssh/connection.ts';
import { programName, script } from '../ssh/script.ts';
import { type Architecture, type Program, type ProgramSet, programsFor } from './program.ts';

/** Seconds. A line of 1 Mbit/s takes six minutes for the largest, Node.js. */
const patience = 1200;

/** How to get on: nothing of it is lost. */
const goesOn = `${upCommand()} goes on from here`;

/** A machine that lacks programs, and where they go there. */
export interface Receiver {
  readonly name: string;
  readonly folder: string;
}

export interface ProgramOptions {
  readonly set: ProgramSet;
  readonly machines: readonly Receiver[];
  readonly connect: (machine: Receiver) => Promise<Connection>;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** What a machine has of the programs. */
interface Found {
  /** Whether its unit starts what is sent: it may have begun when the config named another system. */
  readonly asks: boolean;
  /** Debian's name of it. */
  readonly architecture: string;
  /** Program → SHA-256 */
  readonly digests: ReadonlyMap<string, string>;
}

/** A program that a machine lacks. */
interface Lack {
  readonly program: Program;
  readonly reason: string;
}

/**
 * Sees to it that the machines have the programs, before their unit is started; where they have them nothing is
 * sent. One that runs goes on as it is until it is restarted. May end anywhere and be run again: a program appears
 * under its name only when its digest is right and it can run there.
 *
 * @param obtain gives a program's bytes; asked once for each
 * @throws when there is none for a machine's processor, before anything is sent; or when a transfer fails
 */
export async function sendPrograms(
  options: ProgramOptions,
  obtain: (program: Program) => Promise<Buffer>,
): Promise<void> {
  const { set } = options;
  const lacks = await lacksOf(options);
  const strangers = lacks.filter(({ lack }) => lack === undefined);
  if (strangers.length > 0)
    throw new Error(
      `${set.label} is needed on ${strangers.map(({ machine, found }) => `${machine.name} (${found.architecture})`).join(', ')}, and there is one for ${Object.keys(set.programs).join(' and ')} alone: ${set.instead}`,
    );
  const packed = new Map<Program, Promise<Buffer>>();
  const pack = (program: Program) => {
    const known = packed.get(program) ?? obtain(program).then((bytes) => promisify(gzip)(bytes));
    packed.set(program, known);
    return known;
  };
  await settled(
    lacks.map(async ({ machine, lack = [] }) => {
      for (const { program, reason } of lack) {
        const bytes = await pack(program);
        options.log(`${set.label}: sending ${program.name} ${program.version} to ${machine.name}: ${reason}`);
        await run(options, machine, sendCommand(program, machine.folder, bytes));
      }
    }),
  );
}

/** Changes nothing: what is wrong with the programs, by machine; empty where nothing is. */
export async function inspectPrograms(options: ProgramOptions): Promise<ReadonlyMap<string, string>> {
  const lacks = await lacksOf(options);
  const told = ({ folder }: Receiver, lack: readonly Lack[]) =>
    lack.map(({ program, reason }) => `${folder}/${program.name}: ${reason}`).join(', ');
  return new Map(
    lacks.flatMap(({ machine, lack = [] }) => (lack.length > 0 ? [[machine.name, told(machine, lack)]] : [])),
  );
}

/** Without `lack`, there is no program for the machine's processor. */
async function lacksOf(
  options: ProgramOptions,
): Promise<
  readonly { readonly machine: Receiver; readonly found: Found; readonly lack?: readonly Lack[] }[]
> {
  return settled(
    options.machines.map(async (machine) => {
      const found = parseFound(await run(options, machine, lookCommand(options.set, machine)));
      if (!found.asks) return { machine, found, lack: [] };
      const programs = programsFor(options.set, found.architecture);
      return programs ? { machine, found, lack: lackOf(found, programs) } : { machine, found };
    }),
  );
}

function lackOf({ digests }: Found, programs: readonly Program[]): readonly Lack[] {
  return programs.flatMap((program) => {
    const digest = digests.get(program.name);
    if (digest === program.sha256) return [];
    return [{ program, reason: digest === undefined ? 'it is not there' : 'what is there is another one' }];
  });
}

/** dpkg goes before: a 32-bit Debian may have a 64-bit kernel. */
const lookScript = `
set -eu
folder=$1 unit=$2; shift 2
echo "architecture $(dpkg --print-architecture 2>/dev/null || uname -m)"
! grep -qs "^ExecStart=$folder/" "/etc/systemd/system/$unit" || echo 'asks yes'
for program; do
  [ ! -f "$folder/$program" ] || { sum=$(sha256sum <"$folder/$program"); echo "$program \${sum%% *}"; }
done
`;

function lookCommand({ unit, programs }: ProgramSet, { folder }: Receiver): Command {
  const names = new Set(Object.values(programs).flatMap((each) => each.map(({ name }) => name)));
  return script('flotilla-programs', lookScript, [folder, unit, ...names]);
}

/** The kernel's names of processors (uname(2)) → Debian's. */
const kernelNames: Readonly<Record<string, Architecture>> = { x86_64: 'amd64', aarch64: 'arm64' };

function parseFound(stdout: string): Found {
  const told = stdout.split('\n').map((line) => line.split(' '));
  const digests = new Map(told.map(([key = '', value = '']) => [key, value]));
  const architecture = digests.get('architecture') ?? '';
  return { asks: digests.has('asks'), architecture: kernelNames[architecture] ?? architecture, digests };
}

/** Whoever reads the file's name finds the program whole, or the one before. */
export function sendCommand(
  { name, sha256, probe }: Pick<Program, 'name' | 'sha256' | 'probe'>,
  folder: string,
  packed: Buffer,
): Command {
  const body = `
set -eu
umask 022
path=$1 wanted=$2 probe=$3
mkdir -p "\${path%/*}"
trap 'rm -f "$path.new"' EXIT
gzip -dc >"$path.new" || { echo "$path did not arrive whole, or the disk is full" >&2; exit 1; }
found=$(sha256sum <"$path.new")
[ "\${found%% *}" = "$wanted" ] || {
  echo "$path was not put in place: what arrived has the SHA-256 \${found%% *}, and $wanted is expected" >&2
  exit 1
}
chmod 0755 "$path.new"
said=$("$path.new" "$probe" 2>&1) || { echo "$path cannot run there: $said" >&2; exit 1; }
sync "$path.new"
mv "$path.new" "$path"
`;
  const options = { root: true, stdin: packed, timeout: patience };
  return script('flotilla-send', body, [`${folder}/${name}`, sha256, probe], options);
}

async function run(
  { connect, log, signal }: ProgramOptions,
  machine: Receiver,
  command: Command,
): Promise<string> {
  const connection = await connect(machine);
  const what = () => `${machine.name} to run ${programName(command)}`;
  const result = await reminding(log, what, connection.exec(command, signal));
  if (result.status === 0) return result.stdout;
  throw new Error(`${commandFailure(command, machine.name, result)}. Once that is mended, ${goesOn}`);
}
