import { type IncomingHttpHeaders, request } from 'node:http';
import type { Call } from './call.ts';
import type { Answer } from './refusal.ts';

/**
 * Hands a call on, with the headers that it came with: moto finds the service in the signature, and checks nothing else
 * of it.
 */
export function forward(moto: string, headers: IncomingHttpHeaders, body: string): Promise<Answer> {
  const { connection: _, 'content-length': __, ...rest } = headers;
  const length = Buffer.byteLength(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(moto, { method: 'POST', headers: { ...rest, 'content-length': length } });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const {
          'transfer-encoding': ___,
          connection: ____,
          'content-length': _____,
          ...answered
        } = response.headers;
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 500, headers: answered, body: text });
      });
    });
    outgoing.end(body);
  });
}

/**
 * A call as moto 5.2.5 understands it: of ModifyInstanceAttribute it takes the user data, which AWS wants encoded once,
 * for encoded twice.
 */
export function mended({ action, params }: Call, body: string): string {
  const data = params['UserData.Value'];
  if (action !== 'ModifyInstanceAttribute' || data === undefined) return body;
  const whole = new URLSearchParams(body);
  whole.set('UserData.Value', Buffer.from(data).toString('base64'));
  return whole.toString();
}
