import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { parseJson } from '../model/parse-json.ts';
import type { Connection } from '../ssh/connection.ts';

/** Whoever is in the group docker may use it, as the user is that logs in (cloud-config/build.ts). */
export const dockerSocket = '/run/docker.sock';

const versionSchema = z.object({ Version: z.string(), Arch: z.string() });
const listSchema = z.array(
  z.object({
    Id: z.string(),
    RepoTags: z.array(z.string()).nullable().default([]),
    Size: z.number(),
    Created: z.number(),
  }),
);
const inspectSchema = z.object({ RootFS: z.object({ Layers: z.array(z.string()).default([]) }) });
const messageSchema = z.object({ message: z.string() });
const progressSchema = z.object({
  id: z.string().optional(),
  status: z.string().optional(),
  errorDetail: messageSchema.optional(),
});

/** An image that a machine's Docker has. */
export interface KeptImage {
  /** `sha256:…`, the digest of its config. */
  readonly id: string;
  readonly names: readonly string[];
  /** Bytes, unpacked. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly created: number;
}

export interface DockerVersion {
  readonly version: string;
  /** Of Go: `amd64`, `arm64`. */
  readonly architecture: string;
}

interface Ask {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** What leads to a machine's sockets: SSH, or the machine itself. */
export type Sockets = Pick<Connection, 'openSocket'>;

/** Docker of one machine, by its Engine API (v1.24 and later). What is cut off is cancelled there too. */
export class Docker {
  readonly #connection: Sockets;
  readonly #socket: string;

  constructor(connection: Sockets, socket = dockerSocket) {
    this.#connection = connection;
    this.#socket = socket;
  }

  async version(signal?: AbortSignal): Promise<DockerVersion> {
    const { Version, Arch } = await this.#json({ path: '/version', signal }, versionSchema);
    return { version: Version, architecture: Arch };
  }

  async images(signal?: AbortSignal): Promise<readonly KeptImage[]> {
    const found = await this.#json({ path: '/images/json', signal }, listSchema);
    return found.map(({ Id, RepoTags, Size, Created }) => ({
      id: Id,
      names: (RepoTags ?? []).filter((name) => name !== '<none>:<none>'),
      size: Size,
      created: Created,
    }));
  }

  /** Digests of an image's layers as they are unpacked, the lowest first. */
  async layers(id: string, signal?: AbortSignal): Promise<readonly string[]> {
    return (await this.#json({ path: `/images/${id}/json`, signal }, inspectSchema)).RootFS.Layers;
  }

  /**
   * Pulls `repository@digest` from a registry that asks for a password, which Docker is told for this pull alone.
   *
   * @param onLayer hears of each layer that is there, by the first digits of its digest
   */
  async pull(
    {
      repository,
      digest,
      secret,
      user,
    }: { repository: string; digest: string; user: string; secret: string },
    onLayer: (id: string, status: 'pulled' | 'already there') => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const login = JSON.stringify({
      username: user,
      password: secret,
      serveraddress: repository.split('/')[0],
    });
    const query = new URLSearchParams({ fromImage: repository, tag: digest });
    const headers = { 'x-registry-auth': urlSafe(login) };
    const response = await this.#send({ method: 'POST', path: `/images/create?${query}`, headers, signal });
    for await (const line of createInterface({ input: response })) {
      const { id, status, errorDetail } = progressSchema.parse(parseJson(line) ?? {});
      if (errorDetail) throw new Error(errorDetail.message);
      if (id !== undefined && status === 'Pull complete') onLayer(id, 'pulled');
      if (id !== undefined && status === 'Already exists') onLayer(id, 'already there');
    }
    // An answer that was cut off ends like one that is whole.
    if (!response.complete) throw new Error('Docker stopped in the middle of its answer');
  }

  async tag(id: string, repository: string, tag: string, signal?: AbortSignal): Promise<void> {
    const query = new URLSearchParams({ repo: repository, tag });
    await text(await this.#send({ method: 'POST', path: `/images/${id}/tag?${query}`, signal }));
  }

  /** Takes a name away from an image that has another one. */
  async untag(name: string, signal?: AbortSignal): Promise<void> {
    await text(await this.#send({ method: 'DELETE', path: `/images/${name}?noprune=1`, signal }));
  }

  /**
   * Takes the name away, and the image with it when it has no other. One that a container has stays, and Docker says so.
   *
   * @param name or the id of an image that has no name
   */
  async remove(name: string, signal?: AbortSignal): Promise<void> {
    await text(await this.#send({ method: 'DELETE', path: `/images/${name}`, signal }));
  }

  async #json<T>(ask: Ask, schema: z.ZodType<T>): Promise<T> {
    return schema.parse(parseJson(await text(await this.#send(ask))));
  }

  async #send({ method = 'GET', path, headers = {}, signal }: Ask): Promise<IncomingMessage> {
    const socket = await this.#connection.openSocket(this.#socket);
    const request = httpRequest({
      ...{ method, path, host: 'docker', headers },
      createConnection: () => socket,
      ...(signal && { signal }),
    });
    request.once('close', () => socket.destroy());
    // Whoever awaits the answer or its body hears of it; without a listener a late one would end the process.
    request.on('error', () => undefined);
    const answer = once(request, 'response');
    request.end();
    const [response]: IncomingMessage[] = await answer;
    if (response === undefined) throw new Error('Docker gave no answer');
    if ((response.statusCode ?? 500) < 400) return response;
    const { data } = messageSchema.safeParse(parseJson(await text(response)));
    throw new Error(data?.message ?? `Docker answered ${response.statusCode}`);
  }
}

/** Docker reads base64 for URLs only with its padding, which Node leaves out, and takes anything else for no login. */
function urlSafe(text: string): string {
  return Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
