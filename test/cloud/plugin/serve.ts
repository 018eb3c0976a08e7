import * as grpc from '@grpc/grpc-js';
import { createEngineLog, type EngineLog } from '../../../src/provider/engine-log.ts';

export interface PluginOptions {
  readonly log: EngineLog;
  readonly environment: NodeJS.ProcessEnv;
}

/** Started by Pulumi as any plugin is: the engine's address in, our port out on the first line. */
export function serve(name: string, createPlugin: (options: PluginOptions) => grpc.Server): void {
  const server = createPlugin({ log: createEngineLog(process.argv[2]), environment: process.env });

  server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) {
      process.stderr.write(`${name} (test cloud): ${error.message}\n`);
      process.exit(1);
    }
    process.stdout.write(`${port}\n`);
  });

  // What is under way goes on to its end, as the stock plugin's polls do.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => server.tryShutdown(() => process.exit(0)));

  const engine = process.ppid;
  setInterval(() => {
    if (process.ppid !== engine) process.exit(1);
  }, 500).unref();
}
