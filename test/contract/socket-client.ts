import { request as httpRequest } from 'node:http';

export interface SocketReply {
  readonly status: number;
  readonly body: unknown;
}

/** One HTTP request over a unix socket; a body that is not a string is sent as JSON. */
export function callSocket(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<SocketReply> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath, method, path, headers }, async (response) => {
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) });
    });
    request.on('error', reject);
    if (body !== undefined) request.write(typeof body === 'string' ? body : JSON.stringify(body));
    request.end();
  });
}
