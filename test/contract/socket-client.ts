import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http';

export interface SocketReply {
  readonly status: number;
  /** JSON where the reply says so, else text; undefined when it is empty. */
  readonly body: unknown;
}

/** One HTTP request over a unix socket; a body that is not a string is sent as JSON. */
export function callSocket(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  headers: OutgoingHttpHeaders = { 'content-type': 'application/json' },
): Promise<SocketReply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath, method, path, headers }, async (response) => {
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      const json = response.headers['content-type'] === 'application/json';
      const body = text === '' ? undefined : json ? JSON.parse(text) : text;
      resolve({ status: response.statusCode ?? 0, body });
    });
    request.on('error', reject);
    if (body !== undefined) request.write(typeof body === 'string' ? body : JSON.stringify(body));
    request.end();
  });
}
