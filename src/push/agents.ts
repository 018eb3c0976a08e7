import { createHash } from 'node:crypto';
import { agentFiles } from '../model/agent-files.ts';
import { environmentFile, environmentLines } from '../model/machine-environment.ts';
import { machineIdOf } from '../model/machine-id.ts';
import { reminding } from '../model/remind.ts';
import { upCommand } from '../model/up-command.ts';
import type { Authority } from '../pki/authority.ts';
import { inspectCertificate, isDueForRenewal, isIssuedBy } from '../pki/inspect.ts';
import { signLeaf } from '../pki/leaf.ts';
import { csrCommand, isCsr, requestArguments, requestCertificates } from '../pki/remote.ts';
import { commandFailure } from '../ssh/command-failure.ts';
import type { Command, CommandResult, Connection } from '../ssh/connection.ts';
import { programName, script } from '../ssh/script.ts';
import { writeFiles } from '../ssh/write-files.ts';
import {
  type AgentBundle,
  type AgentSettings,
  agentConfig,
  filesFor,
  servicesFiles,
  versionOf,
} from './agent-files.ts';
import { awaitAgent } from './agent-start.ts';
import { environmentScript } from './environment-file.ts';

/** A machine that shall run an agent. */
export interface AgentMachine {
  readonly name: string;
  /** Contents of /etc/machine-id; the agent's certificate is issued to it. */
  readonly id: string;
  readonly settings: AgentSettings;
  connect(signal?: AbortSignal): Promise<Connection>;
}

export interface AgentOptions {
  readonly bundle: AgentBundle;
  readonly authority: Authority;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Brings every machine's agent up to the bundle and its settings; what is so already is left alone. A new bundle
 * goes to one machine first, and to the others only when that one answers. Units keep running throughout, and those
 * that start find /etc/environment in place: it is so on all machines before the first agent is touched.
 */
export async function installAgents(machines: readonly AgentMachine[], options: AgentOptions): Promise<void> {
  const states = await Promise.all(machines.map((machine) => inspect(machine, options, 'prepare')));
  for (const { machine } of states.filter((state) => state.environment === 'other' && state.stamp !== ''))
    options.log(`${machine.name}: ${environmentFile} written; units have it from their next start on`);
  const [canary, ...others] = states.filter((state) => state.stale);
  if (!canary) return;
  const replaces = states.some((state) => state.stamp !== '');
  if (!replaces) {
    await Promise.all([canary, ...others].map((state) => install(state, options)));
    return;
  }
  if (others.length > 0) options.log(`${canary.machine.name} first, the others when its agent answers`);
  await install(canary, options);
  await Promise.all(others.map((state) => install(state, options)));
}

/**
 * Names of the machines whose agent, or whose /etc/environment, is not what it should be; machines that do not answer
 * are left out.
 */
export async function staleAgents(
  machines: readonly AgentMachine[],
  options: AgentOptions,
): Promise<readonly string[]> {
  const looked = await Promise.allSettled(machines.map((machine) => inspect(machine, options, 'look')));
  return looked.flatMap((each) =>
    each.status === 'fulfilled' && (each.value.stale || each.value.environment === 'other')
      ? [each.value.machine.name]
      : [],
  );
}

interface AgentState {
  readonly machine: AgentMachine;
  readonly connection: Connection;
  readonly config: string;
  /** Empty where there was no agent yet. */
  readonly stamp: string;
  readonly wantedStamp: string;
  readonly certificate: string;
  /** PKCS#10 of a machine that has no certificate yet and was let ask for one. */
  readonly csr: string;
  /** Whether the agent has to be installed. */
  readonly stale: boolean;
  /** Whether /etc/environment had our lines. To set them right restarts nothing: the agent does not read them. */
  readonly environment: 'same' | 'other';
}

const keys = [{ name: 'agent', owner: 'root' }];

/** An agent is etcd's client, and the server of images for other agents. Earlier versions' were clients alone. */
const agentUsages = ['client', 'server'] as const;

/**
 * Whether what an agent needs beforehand is done in the same round trip: /etc/environment gets our lines, and a machine
 * without certificate makes its key and asks for one.
 */
type Inspection = 'look' | 'prepare';

/** The stamp is compared with what the files really hash to, so that an edit by hand shows. */
const inspection = `set -u
cat "$5" 2>/dev/null || echo
cat "$1" "$2" "$3" "$9" "\${10}" 2>/dev/null | sha256sum | (read -r hash _; echo "$hash")
certificate=$4 kind=$6
set -e
environment "$7" "$8" "$kind"
shift 10
if [ -s "$certificate" ]; then cat "$certificate"
elif [ "$kind" = prepare ]; then request_certificates "$@"
fi
`;

function inspectCommand({ machine }: AgentSettings, kind: Inspection): Command {
  const { bundle, config, authority, certificate, ready, servicesAuthority, servicesKey } = agentFiles;
  const files = [bundle, config, authority, certificate, ready];
  const environment = [environmentFile, environmentLines(machine)];
  const args = [...files, kind, ...environment, servicesAuthority, servicesKey, ...requestArguments(keys)];
  const body = `${requestCertificates}${environmentScript}${inspection}`;
  return script('inspect-agent', body, args, { root: true });
}

async function inspect(machine: AgentMachine, options: AgentOptions, kind: Inspection): Promise<AgentState> {
  const { bundle, authority, signal } = options;
  const connection = await machine.connect(signal);
  const config = agentConfig(machine.settings, versionOf(bundle));
  const services = servicesFiles(machine.settings);
  const stamped = [bundle.bytes, config, authority.certificate, ...services.map(({ contents }) => contents)];
  const hash = createHash('sha256');
  for (const contents of stamped) hash.update(contents);
  const wantedStamp = hash.digest('hex');
  const { stdout } = await succeed(connection, inspectCommand(machine.settings, kind), options);
  const [stamp = '', actual = '', found = '', ...rest] = stdout.split('\n');
  const pem = rest.join('\n').trim();
  const [certificate, csr] = isCsr(pem) ? ['', pem] : [pem, ''];
  const stale = stamp !== wantedStamp || actual !== wantedStamp || !isUsable(certificate, authority);
  const environment = found === 'same' ? found : 'other';
  return { machine, connection, config, stamp, wantedStamp, certificate, csr, stale, environment };
}

function isUsable(certificate: string, { certificate: ca }: Authority): boolean {
  try {
    const facts = inspectCertificate(certificate);
    const isFull = agentUsages.every((usage) => facts.usages.includes(usage));
    return isFull && isIssuedBy(certificate, ca) && !isDueForRenewal(facts);
  } catch {
    return false;
  }
}

async function install(state: AgentState, options: AgentOptions): Promise<void> {
  const { machine, connection, config, wantedStamp } = state;
  const { bundle, authority, log } = options;
  log(
    `${machine.name}: installing agent ${versionOf(bundle)}, ${Math.round(bundle.bytes.length / 1024)} KiB`,
  );
  const certificate = isUsable(state.certificate, authority)
    ? state.certificate
    : await issue(state, options);
  const services = servicesFiles(machine.settings);
  const contents = { bundle, config, certificate, authority: authority.certificate, services };
  const files = filesFor(contents, wantedStamp);
  await succeed(connection, writeFiles(files), options);
  // A first agent is started by its path unit, for which the last of the files was.
  if (state.stamp !== '') {
    const argv = ['systemctl', 'restart', '--no-block', 'flotilla-agent'];
    await succeed(connection, { argv, root: true }, options);
  }
  await awaitAgent(machine, options);
}

async function issue(
  { machine, connection, csr: asked }: AgentState,
  options: AgentOptions,
): Promise<string> {
  const { authority } = options;
  const { name, id } = machine;
  // etcd takes the common name for a user: `root`, as a host may call itself, would be its superuser.
  const commonName = machineIdOf(name, id);
  const csr = asked || (await succeed(connection, csrCommand(keys), options)).stdout;
  return signLeaf({ machine: name, commonName, authority, csr, usages: [...agentUsages] });
}

async function succeed(
  connection: Connection,
  command: Command,
  { log, signal }: Pick<AgentOptions, 'log' | 'signal'>,
): Promise<CommandResult> {
  const what = () => `${connection.target.name} to run ${programName(command)}`;
  const result = await reminding(log, what, connection.exec(command, signal));
  if (result.status === 0) return result;
  throw new Error(
    `${commandFailure(command, connection.target.name, result)}. Once that is mended, ${upCommand()} goes on`,
  );
}
