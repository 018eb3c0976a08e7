import { join } from 'node:path';
import * as z from 'zod';
import { flotillaHome } from '../model/home.ts';
import { messageWithCauses } from '../model/message-of.ts';
import { parseJson } from '../model/parse-json.ts';
import { sizeText } from '../qemu/prune-limits.ts';
import { type Check, type Finding, ok, problem, warning } from './check.ts';
import type { Probes, Ran } from './probes.ts';
import type { Subject } from './subject.ts';

/** What every platform needs of this computer. */
export function toolChecks(subject: Subject): readonly Check[] {
  return [nodeCheck(subject), pulumiCheck(subject), backendCheck(subject), clockCheck, diskCheck(subject)];
}

const setUp = 'bash toolchain/setup.sh up';

/** What two checks read in package.json, each its own part: neither falls with the other. */
const withNode = z.object({ engines: z.object({ node: z.string() }) });
const withPulumi = z.object({ devDependencies: z.object({ pulumi: z.string() }) });

/** A part of the clone's package.json. */
export async function readManifest<T>(probes: Probes, clone: string, part: z.ZodType<T>): Promise<T> {
  return part.parse(parseJson((await probes.readFile(join(clone, 'package.json'))) ?? ''));
}

/** Numbers of a version; what is no number counts as 0. */
function numbersOf(version: string): readonly [number, number] {
  const [major = 0, minor = 0] = version.replace(/^\D+/, '').split('.').map(Number);
  return [major, minor];
}

function isAtLeast(found: string, wanted: string): boolean {
  const [a, b] = [numbersOf(found), numbersOf(wanted)];
  return a[0] > b[0] || (a[0] === b[0] && a[1] >= b[1]);
}

function nodeCheck({ clone }: Subject): Check {
  return {
    what: 'node',
    why: 'it runs Flotilla itself',
    fix: setUp,
    async look(probes) {
      const { node } = (await readManifest(probes, clone, withNode)).engines;
      const finding = `${probes.nodeVersion}, where package.json asks for ${node}`;
      return isAtLeast(probes.nodeVersion, node) ? ok(finding) : problem(finding);
    },
  };
}

/** This clone's launcher, which knows the CLI that set-up chose, and where the state is. */
export function pulumiOf({ clone }: Pick<Subject, 'clone'>): string {
  return join(clone, 'bin', 'pulumi');
}

/** The same rule as in toolchain/setup/pulumi.sh: one major version, and not older than the SDK that talks to it. */
function pulumiCheck(subject: Subject): Check {
  return {
    what: 'pulumi',
    why: 'it makes and removes what a stack consists of',
    fix: setUp,
    async look(probes, signal) {
      const { pulumi: wanted } = (await readManifest(probes, subject.clone, withPulumi)).devDependencies;
      const version = (await pulumiVersion(subject, probes, signal)).replace(/^v/, '');
      if (numbersOf(version)[0] === numbersOf(wanted)[0] && isAtLeast(version, wanted))
        return ok(
          version === wanted ? `${version}, the one that is pinned` : `${version}, pinned is ${wanted}`,
        );
      return problem(`it is ${version}, and ${wanted} or newer of the same major version is needed`);
    },
  };
}

/** @throws Error when it can't be told, without a next step: the check has its own */
async function pulumiVersion(subject: Subject, probes: Probes, signal: AbortSignal): Promise<string> {
  const ran = await probes.run([pulumiOf(subject), 'version'], signal);
  return told({ ...ran, stderr: ran.stderr.replace(/\s*Next step: .*/, '') });
}

/**
 * What is said where Pulumi has failed: that it did, or, where there is none at all, that this waits for the check that
 * says so.
 */
export async function orWaiting(
  failure: unknown,
  subject: Subject,
  probes: Probes,
  signal: AbortSignal,
): Promise<Finding> {
  const runs = await pulumiVersion(subject, probes, signal).then(Boolean, () => false);
  signal.throwIfAborted();
  return runs
    ? problem(messageWithCauses(failure))
    : warning('not asked, since there is no Pulumi CLI that runs', 'mend pulumi first');
}

/** @throws Error with what the program said last when it failed */
export function told({ status, stdout, stderr }: Ran): string {
  if (status === 0) return stdout.trim();
  const said = (stderr.trim() || stdout.trim()).split('\n').at(-1);
  throw new Error(said?.replace(/^error: /, '') || `it ended with exit status ${status}`);
}

const identity = z.object({ user: z.string().default('somebody'), url: z.string() });

function backendCheck(subject: Subject): Check {
  return {
    what: 'backend',
    why: 'Pulumi keeps the state there, without which a cluster can neither be changed nor removed',
    fix: 'npx pulumi whoami --verbose',
    deadline: 15,
    async look(probes, signal) {
      try {
        const asked = await probes.run([pulumiOf(subject), 'whoami', '--json', '--non-interactive'], signal);
        const { url } = identity.parse(parseJson(told(asked)));
        return [ok(withoutCredentials(url)), ...passphraseFindings(url, subject)];
      } catch (error) {
        return [await orWaiting(error, subject, probes, signal)];
      }
    },
  };
}

/** Some backends' addresses carry a password, or a key in their query. */
function withoutCredentials(url: string): string {
  return url.replace(/\?.*$/s, '').replace(/\/\/[^/@]*@/, '//');
}

/** A service keeps secrets itself. Elsewhere they are encrypted by a passphrase, which the clone has for its own state alone. */
function passphraseFindings(url: string, { clone, environment, config }: Subject): readonly Finding[] {
  const own = join(flotillaHome(clone, environment), 'state');
  const { PULUMI_CONFIG_PASSPHRASE: text, PULUMI_CONFIG_PASSPHRASE_FILE: file } = environment;
  const given = text !== undefined || file !== undefined || config?.secretsProvider !== undefined;
  if (given || /^https?:/.test(url) || url === `file://${own}`) return [];
  const fix = 'export PULUMI_CONFIG_PASSPHRASE_FILE=FILE, or PULUMI_CONFIG_PASSPHRASE';
  return [warning("no passphrase is set: Pulumi asks for it, and fails where there's no terminal", fix)];
}

const clockCheck: Check = {
  what: 'clock',
  why: 'certificates that are made here are good from now on, by this clock',
  fix: 'sudo timedatectl set-ntp true',
  async look(probes, signal) {
    const asked = probes.run(['timedatectl', 'show', '--property=NTPSynchronized', '--value'], signal);
    const answer = await asked.then(told).catch(() => 'unknown');
    const now = new Date(probes.now()).toISOString().replace(/\.\d+Z$/, 'Z');
    if (answer === 'yes') return ok('it is kept right by NTP (timedatectl)');
    if (answer === 'no')
      return warning(`nothing keeps it right: timedatectl says NTPSynchronized=no; it shows ${now}`);
    return warning(`timedatectl can't tell whether something keeps it right; it shows ${now}`, 'date --utc');
  },
};

/** Bytes: a state and its history grow by some MiB with each `up`. */
const enough = 1024 ** 3;

function diskCheck({ clone, environment }: Subject): Check {
  const folder = flotillaHome(clone, environment);
  return {
    what: 'home',
    why: 'what stacks keep on this computer lies there',
    fix: 'free some space, or set FLOTILLA_HOME to a folder elsewhere',
    async look(probes) {
      const free = await probes.diskFree(folder);
      const finding = `${sizeText(free)} free at ${folder}`;
      return free < enough
        ? warning(finding, `du -xh --max-depth=2 ${folder} | sort -h | tail`)
        : ok(finding);
    },
  };
}
