import type * as grpc from '@grpc/grpc-js';
import { createServer } from '../../../../src/provider/server.ts';
import type { PluginOptions } from '../../plugin/serve.ts';
import { Client } from './client.ts';
import { createFunctions } from './functions.ts';
import type { Session } from './resource-type.ts';
import { readSettings } from './settings.ts';
import { createHandlers } from './types.ts';

/** The version of the SDK whose types it serves. */
const version = '4.68.0';

/** Stands in for the stock `digitalocean` plugin, on our own provider harness. */
export function createPlugin({ log, environment }: PluginOptions): grpc.Server {
  let session: Session | undefined;
  const current = () => {
    if (!session) throw new Error('the provider was not configured');
    return session;
  };
  return createServer({
    handlers: createHandlers(current),
    functions: createFunctions(current),
    version,
    log,
    // Like the stock plugin it ends what it has begun, whoever cancels.
    cancellation: new AbortController(),
    configure(config) {
      const settings = readSettings(config, environment);
      session = { settings, client: new Client(settings) };
    },
  });
}
