import * as grpc from '@grpc/grpc-js';
import engine from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import messages from '@pulumi/pulumi/proto/engine_pb.js';

/** Lines that the user sees under a resource while it is worked on. */
export interface EngineLog {
  connect(address: string): void;
  info(urn: string, line: string): void;
}

/** Talks to the engine that started this plugin; before it is known, lines go to standard error. */
export function createEngineLog(address?: string): EngineLog {
  let client = address ? connect(address) : undefined;
  return {
    connect(engineAddress) {
      client = connect(engineAddress);
    },
    info(urn, line) {
      if (!client) return void process.stderr.write(`${line}\n`);
      const request = new messages.LogRequest()
        .setUrn(urn)
        .setSeverity(messages.LogSeverity.INFO)
        .setMessage(line);
      // A line that gets lost must not fail the work it tells about.
      client.log(request, () => undefined);
    },
  };
}

function connect(address: string) {
  return new engine.EngineClient(address, grpc.credentials.createInsecure());
}
