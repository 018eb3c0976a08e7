import * as grpc from '@grpc/grpc-js';
import provider from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import messages from '@pulumi/pulumi/proto/provider_pb.js';
import status from '@pulumi/pulumi/proto/status_pb.js';
import type { Properties } from '../../../src/provider/resource.ts';
import { toStruct } from '../../../src/provider/server.ts';

/** A resource as the state would hold it. */
export interface Known {
  readonly type: string;
  readonly name: string;
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

export interface Change {
  readonly inputs: Properties;
  readonly changed: readonly string[];
  readonly replaces: readonly string[];
  readonly deletesFirst: boolean;
}

/** A resource that exists although making it failed. */
export class HalfMade extends Error {
  readonly known: Known;

  constructor(message: string, known: Known) {
    super(message);
    this.known = known;
  }
}

type Method<Request, Response> = (
  request: Request,
  callback: (error: grpc.ServiceError | null, response: Response) => void,
) => unknown;

/** A plugin and how its types are called, for tests to call them by a short name. */
export interface TestPlugin {
  readonly server: grpc.Server;
  /** `Vpc` → `digitalocean:index/vpc:Vpc` */
  readonly token: (type: string) => string;
}

/** Where lines for people go in tests. */
export const silent = { connect: () => undefined, info: () => undefined };

/** Does what Pulumi's engine does with a plugin, over gRPC, one resource at a time. */
export class TestEngine {
  readonly #server: grpc.Server;
  readonly #token: (type: string) => string;
  readonly #client: provider.ResourceProviderClient;

  private constructor({ server, token }: TestPlugin, port: number) {
    this.#server = server;
    this.#token = token;
    const address = `127.0.0.1:${port}`;
    this.#client = new provider.ResourceProviderClient(address, grpc.credentials.createInsecure());
  }

  /** @param config what a program or stack config sets of the provider */
  static async start(plugin: TestPlugin, config: Properties = {}): Promise<TestEngine> {
    const { server } = plugin;
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    const engine = new TestEngine(plugin, port);
    try {
      const request = new messages.ConfigureRequest().setArgs(toStruct(config));
      await engine.#call(engine.#client.configure, request);
    } catch (error) {
      engine.stop();
      throw error;
    }
    return engine;
  }

  stop(): void {
    this.#client.close();
    this.#server.forceShutdown();
  }

  /** @throws Error with all that is wrong with the inputs; HalfMade */
  async create(type: string, name: string, program: Properties): Promise<Known> {
    const inputs = await this.check(type, name, program);
    const request = new messages.CreateRequest()
      .setUrn(this.#urn(type, name))
      .setProperties(toStruct(inputs));
    try {
      const response = await this.#call<messages.CreateRequest, messages.CreateResponse>(
        this.#client.create,
        request,
      );
      return { type, name, id: response.getId(), inputs, outputs: plain(response.getProperties()) };
    } catch (error) {
      throw halfMade(error, { type, name, inputs }) ?? error;
    }
  }

  async preview(type: string, name: string, program: Properties): Promise<Properties> {
    const inputs = await this.check(type, name, program);
    const request = new messages.CreateRequest()
      .setUrn(this.#urn(type, name))
      .setProperties(toStruct(inputs))
      .setPreview(true);
    const response = await this.#call<messages.CreateRequest, messages.CreateResponse>(
      this.#client.create,
      request,
    );
    return plain(response.getProperties());
  }

  async check(type: string, name: string, program: Properties, old?: Properties): Promise<Properties> {
    const request = new messages.CheckRequest().setUrn(this.#urn(type, name)).setNews(toStruct(program));
    if (old) request.setOlds(toStruct(old));
    const response = await this.#call<messages.CheckRequest, messages.CheckResponse>(
      this.#client.check,
      request,
    );
    const failures = response.getFailuresList().map((each) => `${each.getProperty()}: ${each.getReason()}`);
    if (failures.length > 0) throw new Error(failures.join('; '));
    return plain(response.getInputs());
  }

  async diff(known: Known, program: Properties, ignored: readonly string[] = []): Promise<Change> {
    const inputs = await this.check(known.type, known.name, program, known.inputs);
    const request = new messages.DiffRequest()
      .setUrn(this.#urn(known.type, known.name))
      .setId(known.id)
      .setOldInputs(toStruct(known.inputs))
      .setOlds(toStruct(known.outputs))
      .setNews(toStruct(inputs))
      .setIgnorechangesList([...ignored]);
    const response = await this.#call<messages.DiffRequest, messages.DiffResponse>(
      this.#client.diff,
      request,
    );
    return {
      inputs,
      changed: response.getDiffsList(),
      replaces: response.getReplacesList(),
      deletesFirst: response.getDeletebeforereplace(),
    };
  }

  async update(known: Known, program: Properties): Promise<Known> {
    const inputs = await this.check(known.type, known.name, program, known.inputs);
    const request = new messages.UpdateRequest()
      .setUrn(this.#urn(known.type, known.name))
      .setId(known.id)
      .setOlds(toStruct(known.outputs))
      .setOldInputs(toStruct(known.inputs))
      .setNews(toStruct(inputs));
    const response = await this.#call<messages.UpdateRequest, messages.UpdateResponse>(
      this.#client.update,
      request,
    );
    return { ...known, inputs, outputs: plain(response.getProperties()) };
  }

  /** Undefined when it is gone. */
  async refresh(known: Known): Promise<Known | undefined> {
    const request = new messages.ReadRequest()
      .setUrn(this.#urn(known.type, known.name))
      .setId(known.id)
      .setInputs(toStruct(known.inputs))
      .setProperties(toStruct(known.outputs));
    const response = await this.#call<messages.ReadRequest, messages.ReadResponse>(
      this.#client.read,
      request,
    );
    if (response.getId() === '') return undefined;
    return { ...known, inputs: plain(response.getInputs()), outputs: plain(response.getProperties()) };
  }

  async delete({ type, name, id, outputs }: Known): Promise<void> {
    const request = new messages.DeleteRequest()
      .setUrn(this.#urn(type, name))
      .setId(id)
      .setProperties(toStruct(outputs));
    await this.#call(this.#client.delete, request);
  }

  /** @throws Error with all that is wrong with the arguments */
  async invoke(token: string, args: Properties): Promise<Properties> {
    const request = new messages.InvokeRequest().setTok(token).setArgs(toStruct(args));
    const response = await this.#call<messages.InvokeRequest, messages.InvokeResponse>(
      this.#client.invoke,
      request,
    );
    const failures = response.getFailuresList().map((each) => `${each.getProperty()}: ${each.getReason()}`);
    if (failures.length > 0) throw new Error(failures.join('; '));
    return plain(response.getReturn());
  }

  #urn(type: string, name: string): string {
    return `urn:pulumi:test::flotilla::${this.#token(type)}::${name}`;
  }

  #call<Request, Response>(method: Method<Request, Response>, request: Request): Promise<Response> {
    return new Promise((resolve, reject) =>
      method.call(this.#client, request, (error, response) => (error ? reject(error) : resolve(response))),
    );
  }
}

function plain(struct: { toJavaScript(): object } | undefined): Properties {
  return { ...struct?.toJavaScript() };
}

function halfMade(error: unknown, about: Omit<Known, 'id' | 'outputs'>): HalfMade | undefined {
  if (!(error instanceof Error) || !('metadata' in error) || !(error.metadata instanceof grpc.Metadata))
    return undefined;
  const [details] = error.metadata.get('grpc-status-details-bin');
  if (details === undefined) return undefined;
  const [detail] = status.Status.deserializeBinary(Uint8Array.from(Buffer.from(details))).getDetailsList();
  const failed = messages.ErrorResourceInitFailed.deserializeBinary(
    detail?.getValue_asU8() ?? new Uint8Array(),
  );
  return new HalfMade(error.message, {
    ...about,
    id: failed.getId(),
    outputs: plain(failed.getProperties()),
  });
}
