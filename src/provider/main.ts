import * as grpc from '@grpc/grpc-js';
import { createEngineLog } from './engine-log.ts';
import { createHandlers } from './handlers.ts';
import { createServer } from './server.ts';

/**
 * The plugin that Pulumi starts (Pulumi.yaml, `plugins`). It is given the engine's address and answers with its
 * own port, on the first line of standard output; standard error is for people.
 */
const cancellation = new AbortController();
const { handlers, close } = createHandlers();
const server = createServer({
  handlers,
  version: '0.1.0',
  log: createEngineLog(process.argv[2]),
  cancellation,
});

server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) {
    process.stderr.write(
      `flotilla: no port of 127.0.0.1 can be opened: ${error.message}. Next step: see ulimit -n\n`,
    );
    process.exit(1);
  }
  process.stdout.write(`${port}\n`);
});

// The engine asks a plugin to go only when nothing of it is under way any more.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);

/**
 * An engine that was killed can't tell its plugins. Without it, work that goes on here would run into the next
 * `pulumi up`, which starts a plugin of its own. Handlers get a moment to end the programs that they started.
 */
const engine = process.ppid;
const grace = 1000;
const watch = setInterval(() => {
  if (process.ppid === engine) return;
  clearInterval(watch);
  cancellation.abort(new Error('Pulumi was killed'));
  setTimeout(stop, grace);
}, 500).unref();

function stop() {
  server.forceShutdown();
  close().finally(() => process.exit(0));
}
