import { isPackage, ownFolder } from '../model/own-files.ts';
import { systemClock } from '../push/poll-clock.ts';
import { openCluster } from './cluster.ts';
import { failed } from './failure.ts';
import { run } from './program.ts';

/** What `flotilla` does: `argv` are its arguments, without Node and script. Returns the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const stop = new AbortController();
  // Once: a second Ctrl-C ends the process even if the first could not.
  const onSignal = () => stop.abort(new Error('interrupted'));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  process.stdout.on('error', onOutputError);
  // Nobody listens to what is said on the side: what was asked for is done all the same.
  process.stderr.on('error', () => undefined);
  try {
    return await run(argv, {
      terminal: process,
      env: process.env,
      signal: stop.signal,
      clock: systemClock,
      clone: isPackage ? undefined : ownFolder,
      openCluster: (options) => openCluster({ ...options, sshAgent: process.env.SSH_AUTH_SOCK || undefined }),
      probes: async () => (await import('../doctor/this-computer.ts')).thisComputer(),
      outcome: { status: 0, debug: false },
    });
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** `flotilla list-units | head -1` closes the pipe early; that is no failure of ours. A full disk is one. */
function onOutputError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`flotilla: standard output can't be written: ${error.message}\n`);
  process.exit(failed);
}
