import * as grpc from '@grpc/grpc-js';
import plugin from '@pulumi/pulumi/proto/plugin_pb.js';
import provider from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import messages from '@pulumi/pulumi/proto/provider_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import struct from 'google-protobuf/google/protobuf/struct_pb.js';
import { plainText } from '../model/plain-text.ts';
import { readResourceName } from '../model/resource-name.ts';
import { type Diff, diffProperties } from './diff.ts';
import type { EngineLog } from './engine-log.ts';
import { serviceError } from './errors.ts';
import { packageSchema } from './package-schema.ts';
import type { AnyFunction, AnyHandler, Context, Properties } from './resource.ts';
import { revealed } from './secret.ts';

type Unary<Request, Response> = (request: Request) => Promise<Response>;

/** The provider's own settings, which are the same for all of its resources. */
export interface ProviderConfig {
  /** Of the provider resource, by their plain names, secrets too; numbers and booleans may come as text. */
  readonly args: Properties;
}

export interface ProviderOptions {
  /** Type token → handler. */
  readonly handlers: Readonly<Record<string, AnyHandler>>;
  /** Type token → function; none by default. */
  readonly functions?: Readonly<Record<string, AnyFunction>>;
  readonly version: string;
  readonly log: EngineLog;
  /** Aborted when the user cancels, and by whoever stops the server: handlers end what they do. */
  readonly cancellation: AbortController;
  /** Gets the settings before anything is asked. */
  readonly configure?: (config: ProviderConfig) => void;
}

/** The gRPC face of the provider (pulumi/provider.proto); what a resource does is in its handler. */
export function createServer(options: ProviderOptions): grpc.Server {
  const server = new grpc.Server({ 'grpc.max_receive_message_length': 400 * 1024 * 1024 });
  server.addService(provider.ResourceProviderService, implementation(options));
  return server;
}

function implementation({
  handlers,
  functions = {},
  version,
  log,
  cancellation,
  configure,
}: ProviderOptions): grpc.UntypedServiceImplementation {
  const handlerOf = (urn: string): AnyHandler => {
    const handler = handlers[typeOf(urn)];
    if (!handler) throw new Error(`this provider has no resource type ${typeOf(urn)}`);
    return handler;
  };
  const contextOf = (urn: string): Context => ({
    urn,
    ...readResourceName(urn.split(':')[2] ?? '', urn.split('::').at(-1) ?? urn),
    log: (line) => log.info(urn, plainText(line)),
    signal: cancellation.signal,
  });

  return {
    handshake: unary(async () => {
      return new messages.ProviderHandshakeResponse().setAcceptSecrets(false).setAcceptResources(false);
    }),
    attach: unary(async (request: plugin.PluginAttach) => {
      log.connect(request.getAddress());
      return new empty.Empty();
    }),
    getPluginInfo: unary(async () => new plugin.PluginInfo().setVersion(version)),
    getSchema: unary(async () =>
      new messages.GetSchemaResponse().setSchema(packageSchema(version, handlers)),
    ),
    checkConfig: unary(async (request: messages.CheckRequest) => {
      return new messages.CheckResponse().setInputs(request.getNews());
    }),
    diffConfig: unary(async () => new messages.DiffResponse()),
    configure: unary(async (request: messages.ConfigureRequest) => {
      const args = Object.entries(fromStruct(request.getArgs())).map(([key, value]) => [
        key,
        revealed(value),
      ]);
      configure?.({ args: Object.fromEntries(args) });
      return new messages.ConfigureResponse().setAcceptsecrets(false).setSupportspreview(true);
    }),
    cancel: unary(async () => {
      cancellation.abort(new Error('cancelled'));
      return new empty.Empty();
    }),
    invoke: unary(async (request: messages.InvokeRequest) => {
      const asked = functions[request.getTok()];
      if (!asked) throw new Error(`this provider has no function ${request.getTok()}`);
      const args = fromStruct(request.getArgs());
      const failures = checkFailures(asked.problems(args));
      if (failures.length > 0) return new messages.InvokeResponse().setFailuresList(failures);
      return new messages.InvokeResponse().setReturn(toStruct(await asked.call(args)));
    }),
    check: unary(async (request: messages.CheckRequest) => {
      const handler = handlerOf(request.getUrn());
      const { name } = contextOf(request.getUrn());
      const olds = request.getOlds();
      const checked = { name, old: olds && fromStruct(olds) };
      const inputs = await handler.complete(fromStruct(request.getNews()), checked);
      const failures = checkFailures(handler.problems(inputs));
      return new messages.CheckResponse().setInputs(toStruct(inputs)).setFailuresList(failures);
    }),
    diff: unary(async (request: messages.DiffRequest) => {
      const old = { inputs: fromStruct(request.getOldInputs()), outputs: fromStruct(request.getOlds()) };
      const [handler, context] = [handlerOf(request.getUrn()), contextOf(request.getUrn())];
      refuseRenamed(request.getId(), handler, context);
      for (const reason of Object.values(handler.drift(old.outputs))) context.log(reason);
      const news = fromStruct(request.getNews());
      const diff = diffProperties(handler, old, news, request.getIgnorechangesList());
      const replaced = Object.values(diff).some(({ replace }) => replace);
      const deletesFirst = replaced && (handler.deletesFirst?.(old.inputs, news) ?? false);
      return diffResponse(diff).setDeletebeforereplace(deletesFirst);
    }),
    create: unary(async (request: messages.CreateRequest) => {
      const [handler, context] = [handlerOf(request.getUrn()), contextOf(request.getUrn())];
      const inputs = fromStruct(request.getProperties());
      const { id, outputs } = request.getPreview()
        ? { id: '', outputs: await handler.preview(inputs, undefined, context) }
        : await handler.create(inputs, context);
      return new messages.CreateResponse().setId(id).setProperties(toStruct(outputs));
    }),
    read: unary(async (request: messages.ReadRequest) => {
      const [handler, context] = [handlerOf(request.getUrn()), contextOf(request.getUrn())];
      const [outputs, inputs] = [fromStruct(request.getProperties()), fromStruct(request.getInputs())];
      const found = await handler.read(request.getId(), outputs, inputs, context);
      if (!found) return new messages.ReadResponse().setId('');
      return new messages.ReadResponse()
        .setId(request.getId())
        .setProperties(toStruct(found.outputs))
        .setInputs(toStruct(found.inputs ?? inputs));
    }),
    update: unary(async (request: messages.UpdateRequest) => {
      const [handler, context] = [handlerOf(request.getUrn()), contextOf(request.getUrn())];
      const [inputs, old] = [fromStruct(request.getNews()), fromStruct(request.getOlds())];
      const outputs = request.getPreview()
        ? await handler.preview(inputs, old, context)
        : await handler.update(request.getId(), inputs, old, context);
      return new messages.UpdateResponse().setProperties(toStruct(outputs));
    }),
    delete: unary(async (request: messages.DeleteRequest) => {
      const [handler, context] = [handlerOf(request.getUrn()), contextOf(request.getUrn())];
      await handler.delete(request.getId(), fromStruct(request.getProperties()), context);
      return new empty.Empty();
    }),
  };
}

/** Asked at every preview, before anything is looked for under the new name. */
function refuseRenamed(id: string, handler: AnyHandler, context: Context): void {
  const expected = handler.id?.(context) ?? id;
  if (id === '' || id === expected) return;
  throw new Error(
    `${id} was renamed to ${expected}: what it has on this computer lies under the name that it began with. Give the stack or the cluster that name again; to have another name, destroy it and bring it up anew`,
  );
}

function unary<Request, Response>(method: Unary<Request, Response>): grpc.handleUnaryCall<Request, Response> {
  return (call, callback) => {
    method(call.request).then(
      (response) => callback(null, response),
      (error: unknown) => callback(serviceError(error)),
    );
  };
}

function checkFailures(problems: readonly { path: string; reason: string }[]): messages.CheckFailure[] {
  return problems.map(({ path, reason }) => new messages.CheckFailure().setProperty(path).setReason(reason));
}

/** `urn:pulumi:stack::project::parent$type::name` */
function typeOf(urn: string): string {
  return urn.split('::')[2]?.split('$').at(-1) ?? urn;
}

function fromStruct(value: struct.Struct | undefined): Properties {
  return value ? Object.fromEntries(Object.entries(value.toJavaScript())) : {};
}

export function toStruct(properties: Properties): struct.Struct {
  return struct.Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)));
}

const { Kind } = messages.PropertyDiff;
const kinds = {
  add: { false: Kind.ADD, true: Kind.ADD_REPLACE },
  delete: { false: Kind.DELETE, true: Kind.DELETE_REPLACE },
  update: { false: Kind.UPDATE, true: Kind.UPDATE_REPLACE },
} as const;

function diffResponse(diff: Diff): messages.DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  const response = new messages.DiffResponse().setHasdetaileddiff(true);
  for (const [path, { kind, replace }] of Object.entries(diff)) {
    const detail = new messages.PropertyDiff().setKind(kinds[kind][`${replace}`]);
    response.getDetaileddiffMap().set(path, detail);
    response.addDiffs(path);
    if (replace) response.addReplaces(path.split(/[.[]/, 1)[0] ?? path);
  }
  return response.setChanges(Object.keys(diff).length > 0 ? DIFF_SOME : DIFF_NONE);
}
