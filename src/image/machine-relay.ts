import { messageOf } from '../model/message-of.ts';
import { programFolders } from '../model/operating-system.ts';
import { commandFailure } from '../ssh/command-failure.ts';
import type { CommandResult, Connection } from '../ssh/connection.ts';
import { script } from '../ssh/script.ts';
import type { Home, RelayReport } from './home.ts';

/** Seconds until a relay must be up: Node takes its time on an emulated machine that is busy. */
const startLimit = 120;
/** Seconds that a push may last. The relay ends by itself when the push does, or its connection. */
const pushLimit = 24 * 3600;

/** A relay that runs on a machine for one push. */
export interface MachineRelay {
  readonly connection: Connection;
  readonly report: RelayReport;
  /** Rejects when the relay ends before it was told to. */
  readonly died: Promise<never>;
  close(): Promise<void>;
}

/**
 * Opens the way home and starts the relay behind it. It runs as the user that logs in, not as root.
 *
 * @param program of the port on the machine that leads home
 */
export async function startRelay(
  connection: Connection,
  home: Home,
  program: (homePort: number) => string,
  signal: AbortSignal,
): Promise<MachineRelay> {
  const { name } = connection.target;
  const listening = await openHome(connection, home);
  const limits = { stdin: program(listening.port), timeout: pushLimit };
  const run = script(
    'image-relay',
    `PATH=$PATH:${programFolders}; exec node --input-type=module -`,
    [],
    limits,
  );
  const running = connection.exec(run, signal);
  const died = running.then((result) => Promise.reject(new Error(lastWords(result))));
  died.catch(() => undefined);
  const close = async () => {
    home.dismiss(name);
    await listening.close();
    await running.catch(() => undefined);
  };
  const late = AbortSignal.timeout(startLimit * 1000);
  try {
    const report = await Promise.race([home.relay(name, AbortSignal.any([late, signal])), died]);
    return { connection, report, died, close };
  } catch (cause) {
    await close();
    signal.throwIfAborted();
    throw late.aborted ? new Error(`its relay was not up within ${startLimit} s`, { cause }) : cause;
  }
}

async function openHome(connection: Connection, home: Home) {
  try {
    return await connection.listen(home.accept);
  } catch (cause) {
    if (!connection.alive) throw cause;
    const fix =
      'its sshd has to allow it: AllowTcpForwarding, PermitListen, DisableForwarding in sshd_config';
    throw new Error(`${messageOf(cause)}; ${fix}`, { cause });
  }
}

function lastWords({ status, stderr }: CommandResult): string {
  const said =
    stderr
      .trim()
      .split('\n')
      .findLast((line) => /Error|not found/.test(line)) ?? stderr.trim();
  return `its relay ended with status ${status}: ${said || 'it said nothing'}`;
}

/** Makes the seed's folder for blobs, which is the login user's own. */
export async function prepareCache(
  connection: Connection,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const body = `install -d -m 0755 "\${1%/*}" && install -d -m 0700 "$1" && chown -R "$2" "$1"`;
  const command = script('prepare-image-cache', body, [folder, connection.target.user], { root: true });
  const result = await connection.exec(command, signal);
  if (result.status !== 0) throw new Error(commandFailure(command, connection.target.name, result));
}
