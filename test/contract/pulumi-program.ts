import type { ServiceError } from '@grpc/grpc-js';
import * as pulumi from '@pulumi/pulumi';
import type { RegisterResourceRequest, RegisterResourceResponse } from '@pulumi/pulumi/proto/resource_pb.js';
import { isSecret, revealed } from '../../src/provider/secret.ts';

/** A resource as the engine is asked for it, with all by which the engine decides about it later. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  /** URN of its parent, empty for none but the stack. */
  readonly parent: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Names of the inputs that the state keeps encrypted. */
  readonly secrets: readonly string[];
  readonly ignoreChanges: readonly string[];
  readonly replacementTrigger: unknown;
  /** URNs of all that it waits for, and that outlives it. */
  readonly dependencies: readonly string[];
  readonly deletedWith: string;
  readonly deleteBeforeReplace: boolean;
}

export interface Run<T> {
  readonly result: T;
  readonly registered: readonly Registration[];
}

export type Provider = (args: pulumi.runtime.MockResourceArgs) => pulumi.runtime.MockResourceResult;

/** What providers answer whoever only asks. */
export type Lookup = (args: pulumi.runtime.MockCallArgs) => pulumi.runtime.MockCallResult;

/** The cloud has nothing but what the program makes. */
const lookUpNothing: Lookup = () => ({ droplets: [] });

type Answer = (error: ServiceError | null, response: RegisterResourceResponse) => void;

/** Runs a Pulumi program without an engine, to its end. Providers answer as `provider` says. */
export async function runProgram<T>(
  program: () => Promise<T>,
  provider: Provider,
  lookup: Lookup = lookUpNothing,
): Promise<Run<T>> {
  const registered: Registration[] = [];
  await pulumi.runtime.setMocks({ newResource: (args) => provider(args), call: (args) => lookup(args) });
  listen((each) => registered.push(each));
  return await withShortTraces(async () => {
    const result = await program();
    await pulumi.runtime.disconnect(false);
    return { result, registered };
  });
}

/** Pulumi writes out a stack for every promise of its own, which is half of a program's time with ten frames. */
async function withShortTraces<T>(work: () => Promise<T>): Promise<T> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 1;
  try {
    return await work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Mocks hand on a resource's inputs and none of its options, so the request itself is read. */
function listen(record: (registration: Registration) => void): void {
  const monitor = pulumi.runtime.getMonitor();
  if (!monitor) throw new Error('there are no mocks');
  const inner: typeof monitor = Object.assign(Object.create(Object.getPrototypeOf(monitor)), monitor);
  const registerResource = (request: RegisterResourceRequest, answer: Answer) =>
    inner.registerResource(request, (error, response) => {
      if (response) record(read(request, response.getUrn()));
      answer(error, response);
    });
  Object.assign(monitor, { registerResource });
}

function read(request: RegisterResourceRequest, urn: string): Registration {
  const object = request.getObject()?.toJavaScript() ?? {};
  const entries = Object.entries(object);
  return {
    type: request.getType(),
    name: request.getName(),
    urn,
    parent: request.getParent(),
    inputs: Object.fromEntries(entries.map(([key, value]) => [key, revealed(value)])),
    secrets: entries.filter(([, value]) => isSecret(value)).map(([key]) => key),
    ignoreChanges: request.getIgnorechangesList(),
    replacementTrigger: request.getReplacementTrigger()?.toJavaScript(),
    dependencies: request.getDependenciesList(),
    deletedWith: request.getDeletedwith(),
    deleteBeforeReplace: request.getDeletebeforereplace(),
  };
}

/** An output's value, once it is known. */
export function known<T>(input: pulumi.Input<T>): Promise<pulumi.Unwrap<T>> {
  return new Promise((resolve) => pulumi.output(input).apply(resolve));
}
