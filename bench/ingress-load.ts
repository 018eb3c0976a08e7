/**
 * What runs on a machine: asks its ingress again and again, as many at a time as said, until there were so many and the
 * file that ends it is there. Each request has a connection of its own, as that of somebody who comes new.
 */
import { existsSync } from 'node:fs';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const [url = '', count = '', concurrency = '', end = ''] = process.argv.slice(2);

/** Milliseconds between an answer and the next request: the machine has etcd and an agent to run as well. */
const pause = 40;

/** Milliseconds after which nobody would wait any more. */
const patience = 20_000;

interface Failure {
  /** Milliseconds since the load began. */
  readonly at: number;
  readonly reason: string;
}

const failures: Failure[] = [];
const begun = performance.now();
let [sent, longest] = [0, 0];

function ask(): Promise<string> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: patience }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text.startsWith('shop ') ? '' : `${response.statusCode} ${text}`));
      response.on('error', (error) => resolve(`in the answer: ${error.message}`));
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', (error) => resolve(error.message));
  });
}

async function client(): Promise<void> {
  while (sent < Number(count) || !existsSync(end)) {
    sent += 1;
    const asked = performance.now();
    const reason = (await ask()).slice(0, 100);
    longest = Math.max(longest, performance.now() - asked);
    await sleep(pause);
    if (reason !== '') failures.push({ at: Math.round(asked - begun), reason });
  }
}

await Promise.all(Array.from({ length: Number(concurrency) }, client));
const seconds = (performance.now() - begun) / 1000;
console.log(
  JSON.stringify({ sent, seconds, longest, failed: failures.length, failures: failures.slice(0, 20) }),
);
