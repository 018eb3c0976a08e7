import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import { parseJson } from '../../model/parse-json.ts';
import type { Connection } from '../../ssh/connection.ts';
import { StepFailed, Steps } from './steps.ts';

const messageSchema = z.object({ message: z.string() });

/** A line of what Docker answers to a build. */
const lineSchema = z.object({
  stream: z.string().optional(),
  /** Of a base image that is pulled. */
  status: z.string().optional(),
  id: z.string().optional(),
  progressDetail: z.object({ total: z.number().optional() }).optional(),
  errorDetail: messageSchema.optional(),
  aux: z.object({ ID: z.string().optional() }).optional(),
});

const listSchema = z.array(
  z.object({ RepoTags: z.array(z.string()).nullable().default([]), ParentId: z.string().default('') }),
);

/** What the steps of a build may use. */
export interface StepLimits {
  /** Name of a Docker network, or `none`. */
  readonly network: string;
  /** Bytes of memory. */
  readonly memory: number;
}

export interface BuildRequest {
  /** `app:1` */
  readonly name: string;
  readonly dockerfile: string;
  readonly target: string | undefined;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** False makes every step anew. */
  readonly cache: boolean;
}

interface Ask {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly body?: Readable;
  readonly signal: AbortSignal;
}

/** Docker of the machine that builds. Whoever goes away in the middle ends the build there too. */
export class DockerBuild {
  readonly #connection: Connection;
  readonly #socket: string;

  constructor(connection: Connection, socket: string) {
    this.#connection = connection;
    this.#socket = socket;
  }

  /** Names of images that were built here: a pulled one has no parent. Their steps' layers are here as well. */
  async built(signal: AbortSignal): Promise<readonly string[]> {
    const list = listSchema.parse(parseJson(await text(await this.#send({ path: '/images/json', signal }))));
    return list.filter(({ ParentId }) => ParentId !== '').flatMap(({ RepoTags }) => RepoTags ?? []);
  }

  async hasNetwork(name: string, signal: AbortSignal): Promise<boolean> {
    const response = await this.#ask({ path: `/networks/${name}`, signal });
    response.resume();
    return response.statusCode === 200;
  }

  /**
   * Has Docker build by its own builder (the API's version 1 of it).
   *
   * @param onOutput gets what the build prints, as it comes
   * @returns the image's id
   * @throws StepFailed when a step fails
   */
  async build(
    request: BuildRequest,
    limits: StepLimits,
    context: Readable,
    onOutput: (text: string) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const path = `/build?${queryOf(request, limits)}`;
    const response = await this.#send({ method: 'POST', path, body: context, signal });
    const steps = new Steps();
    let id: string | undefined;
    const show = (output: string) => {
      steps.add(output);
      onOutput(output);
    };
    const lines = createInterface({ input: response });
    // What breaks after the last line that is of interest is nobody's; while lines are read, it is thrown there.
    lines.on('error', () => undefined);
    for await (const line of lines) {
      const {
        stream,
        status,
        id: layer,
        progressDetail,
        errorDetail,
        aux,
      } = lineSchema.parse(parseJson(line) ?? {});
      if (errorDetail) throw new StepFailed(steps, errorDetail.message);
      if (stream !== undefined) show(stream);
      // A line for each piece of a layer would be thousands.
      if (status !== undefined && progressDetail?.total === undefined)
        show(`${layer === undefined ? '' : `${layer}: `}${status}\n`);
      if (aux?.ID !== undefined) id = aux.ID;
    }
    // An answer that was cut off ends like one that is whole.
    if (!response.complete || id === undefined)
      throw new Error(`Docker stopped in the middle of the build, at ${steps.current}; was it restarted?`);
    return id;
  }

  async #send(ask: Ask): Promise<IncomingMessage> {
    const response = await this.#ask(ask);
    if ((response.statusCode ?? 500) < 400) return response;
    const { data } = messageSchema.safeParse(parseJson(await text(response)));
    throw new Error(data?.message ?? `Docker answered ${response.statusCode}`);
  }

  async #ask({ method = 'GET', path, body, signal }: Ask): Promise<IncomingMessage> {
    const socket = await this.#connection.openSocket(this.#socket);
    const request = httpRequest({
      ...{ method, path, host: 'docker', signal, createConnection: () => socket },
      ...(body && { headers: { 'content-type': 'application/x-tar' } }),
    });
    request.once('close', () => socket.destroy());
    const response = once(request, 'response');
    const [, [answered]] = await Promise.all([send(request, body), response]);
    return answered as IncomingMessage;
  }
}

/** A context that can't be read to its end is why the request fails, and more telling than that it was cut off. */
async function send(request: ClientRequest, body: Readable | undefined): Promise<void> {
  request.on('error', () => undefined);
  const refused = new Promise<void>((resolve) => request.once('response', () => resolve()));
  await Promise.race([pipeline(body ?? Readable.from([]), request), refused]);
}

function queryOf(request: BuildRequest, { network, memory }: StepLimits): URLSearchParams {
  const { name, dockerfile, target, buildArgs, cache } = request;
  return new URLSearchParams({
    ...{ t: name, dockerfile, networkmode: network, buildargs: JSON.stringify(buildArgs) },
    // Containers of steps go away whether their step succeeds or not.
    ...{ rm: '1', forcerm: '1', nocache: cache ? '0' : '1' },
    // The same again for memory and swap: no swap. Units have 1024 shares each.
    ...{ memory: String(memory), memswap: String(memory), cpushares: '256' },
    ...(target !== undefined && { target }),
  });
}
