import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { reminding } from '../model/remind.ts';
import { settled } from '../model/settled.ts';
import { commandFailure } from '../ssh/command-failure.ts';
import type { Command, Connection } from '../ssh/connection.ts';
import { programName, script } from '../ssh/script.ts';
import type { EtcdMember } from './cluster.ts';
import { type EtcdProgram, etcdPrograms, etcdVersion, programFolder, programsFor } from './release.ts';

/** Seconds. A line of 1 Mbit/s takes two minutes for the larger one. */
const patience = 600;

/** How to get on: nothing of it is lost. */
const goesOn = '`npm run up` goes on from here';

export interface ProgramOptions {
  /** Those whose own etcd is too old. */
  readonly members: readonly EtcdMember[];
  readonly connect: (member: EtcdMember) => Promise<Connection>;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** What a machine has of the programs. */
interface Found {
  /** Whether its etcd is to be the one that is sent: it may have begun when the config named another system. */
  readonly asks: boolean;
  /** Debian's name of it. */
  readonly architecture: string;
  /** Program → SHA-256 */
  readonly digests: ReadonlyMap<string, string>;
}

/** A program that a machine lacks. */
interface Lack {
  readonly program: EtcdProgram;
  readonly reason: string;
}

/**
 * Sees to it that the members have etcd's programs, before their etcd is started; where they have them nothing is
 * sent. A server that runs goes on as it is until it is restarted. May end anywhere and be run again: a program appears
 * under its name only when its digest is right.
 *
 * @param obtain gives a program's bytes; asked once for each
 * @throws when there is none for a machine's processor, before anything is sent; or when a transfer fails
 */
export async function sendPrograms(
  options: ProgramOptions,
  obtain: (program: EtcdProgram) => Promise<Buffer>,
): Promise<void> {
  const lacks = await lacksOf(options);
  const strangers = lacks.filter(({ lack }) => lack === undefined);
  if (strangers.length > 0)
    throw new Error(
      `etcd ${etcdVersion} is needed on ${strangers.map(({ member, found }) => `${member.name} (${found.architecture})`).join(', ')}, and there is one for ${Object.keys(etcdPrograms).join(' and ')} alone: let other machines hold etcd`,
    );
  const packed = new Map<EtcdProgram, Promise<Buffer>>();
  const pack = (program: EtcdProgram) => {
    const known = packed.get(program) ?? obtain(program).then((bytes) => promisify(gzip)(bytes));
    packed.set(program, known);
    return known;
  };
  await settled(
    lacks.map(async ({ member, lack = [] }) => {
      for (const { program, reason } of lack) {
        const bytes = await pack(program);
        options.log(`etcd: sending ${program.name} ${etcdVersion} to ${member.name}: ${reason}`);
        await run(options, member, sendCommand(program, bytes));
      }
    }),
  );
}

/** Changes nothing: what is wrong with the programs, by member; empty where nothing is. */
export async function inspectPrograms(options: ProgramOptions): Promise<ReadonlyMap<string, string>> {
  const lacks = await lacksOf(options);
  const told = (lack: readonly Lack[]) =>
    lack.map(({ program, reason }) => `${programFolder}/${program.name}: ${reason}`).join(', ');
  return new Map(
    lacks.flatMap(({ member, lack = [] }) => (lack.length > 0 ? [[member.name, told(lack)]] : [])),
  );
}

/** Without `lack`, there is no program for the machine's processor. */
async function lacksOf(
  options: ProgramOptions,
): Promise<
  readonly { readonly member: EtcdMember; readonly found: Found; readonly lack?: readonly Lack[] }[]
> {
  return settled(
    options.members.map(async (member) => {
      const found = parseFound(await run(options, member, lookCommand));
      if (!found.asks) return { member, found, lack: [] };
      const programs = programsFor(found.architecture);
      return programs ? { member, found, lack: lackOf(found, programs) } : { member, found };
    }),
  );
}

function lackOf({ digests }: Found, programs: readonly EtcdProgram[]): readonly Lack[] {
  return programs.flatMap((program) => {
    const digest = digests.get(program.name);
    if (digest === program.sha256) return [];
    return [{ program, reason: digest === undefined ? 'it is not there' : 'what is there is another one' }];
  });
}

const lookCommand = script(
  'flotilla-etcd-programs',
  `
set -eu
echo "architecture $(dpkg --print-architecture)"
! grep -qs "^ExecStart=$1/" /etc/systemd/system/etcd.service || echo 'asks yes'
for program in etcd etcdctl; do
  [ ! -f "$1/$program" ] || { sum=$(sha256sum <"$1/$program"); echo "$program \${sum%% *}"; }
done
`,
  [programFolder],
);

function parseFound(stdout: string): Found {
  const told = stdout.split('\n').map((line) => line.split(' '));
  const digests = new Map(told.map(([key = '', value = '']) => [key, value]));
  return { asks: digests.has('asks'), architecture: digests.get('architecture') ?? '', digests };
}

/** Whoever reads the file's name finds the program whole, or the one before. */
export function sendCommand({ name, sha256 }: Pick<EtcdProgram, 'name' | 'sha256'>, packed: Buffer): Command {
  const body = `
set -eu
umask 022
path=$1 wanted=$2
mkdir -p "\${path%/*}"
trap 'rm -f "$path.new"' EXIT
gzip -dc >"$path.new" || { echo "$path did not arrive whole, or the disk is full" >&2; exit 1; }
found=$(sha256sum <"$path.new")
[ "\${found%% *}" = "$wanted" ] || {
  echo "$path was not put in place: what arrived has the SHA-256 \${found%% *}, and $wanted is expected" >&2
  exit 1
}
chmod 0755 "$path.new"
sync "$path.new"
mv "$path.new" "$path"
`;
  const options = { root: true, stdin: packed, timeout: patience };
  return script('flotilla-etcd-send', body, [`${programFolder}/${name}`, sha256], options);
}

async function run(
  { connect, log, signal }: ProgramOptions,
  member: EtcdMember,
  command: Command,
): Promise<string> {
  const connection = await connect(member);
  const what = () => `${member.name} to run ${programName(command)}`;
  const result = await reminding(log, what, connection.exec(command, signal));
  if (result.status === 0) return result.stdout;
  throw new Error(`${commandFailure(command, member.name, result)}. Once that is mended, ${goesOn}`);
}
