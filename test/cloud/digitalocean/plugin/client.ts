import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { Settings } from './settings.ts';

/** What the API refused, in the words of its Go client (godo). */
export class ApiFailure extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

const Refusal = z.object({ message: z.string(), request_id: z.string().optional() });

/** Calls the API as the stock plugin does: what fails with 429 or 5xx, or has no answer, is repeated, `POST` too. */
export class Client {
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /**
   * @returns the answer's JSON; undefined where there is none
   * @throws ApiFailure
   */
  async call(method: string, path: string, body?: object): Promise<unknown> {
    const { most } = this.#settings.retry;
    for (let attempt = 0; ; attempt += 1) {
      const response = await this.#try(method, path, body, attempt === most);
      const again = response === undefined || response.status === 429 || isBroken(response.status);
      if (response && (!again || attempt === most)) return this.#result(method, response, attempt);
      await this.#pause(attempt, response);
    }
  }

  async #try(
    method: string,
    path: string,
    body: object | undefined,
    last: boolean,
  ): Promise<Response | undefined> {
    const { endpoint, token } = this.#settings;
    try {
      return await fetch(new URL(path, endpoint), {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body && { 'content-type': 'application/json' }),
          // A connection that the test cloud cuts must not be one that another call uses.
          connection: 'close',
        },
        ...(body && { body: JSON.stringify(body) }),
      });
    } catch (cause) {
      if (!last) return undefined;
      throw new ApiFailure(`${method} ${new URL(path, endpoint)}: no answer: ${String(cause)}`, 0);
    }
  }

  async #result(method: string, response: Response, attempt: number): Promise<unknown> {
    const text = await response.text();
    if (response.ok) return text === '' ? undefined : JSON.parse(text);
    const refusal = Refusal.safeParse(parsed(text));
    const { message, request_id } = refusal.data ?? { message: text };
    const request = request_id === undefined ? '' : ` (request "${request_id}")`;
    const attempts = attempt > 0 ? `; giving up after ${attempt + 1} attempt(s)` : '';
    throw new ApiFailure(
      `${method} ${response.url}: ${response.status}${request} ${message}${attempts}`,
      response.status,
    );
  }

  /** As long as the API asks for (429 and 503 only), else twice as long each time. */
  async #pause(attempt: number, response: Response | undefined): Promise<void> {
    const { pace, retry } = this.#settings;
    const asked =
      response && [429, 503].includes(response.status) ? response.headers.get('retry-after') : null;
    const seconds = asked === null ? Math.min(retry.longest, retry.shortest * 2 ** attempt) : Number(asked);
    await response?.body?.cancel();
    await sleep(seconds * 1000 * pace);
  }
}

/** 501 says that it will never work. */
function isBroken(status: number): boolean {
  return status >= 500 && status !== 501;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
