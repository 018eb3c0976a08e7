import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../contract/free-port.ts';

/** moto's server (docs.getmoto.org), which is AWS below the test cloud. */
export interface Moto {
  readonly url: string;
  stop(): Promise<void>;
}

/** Where `toolchain/setup.sh test` puts it. */
const python = join(
  process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
  'flotilla',
  'moto',
  'bin',
  'python',
);

const startTimeout = 60_000;

/** Of what it says, for when it does not start. */
const linesKept = 20;

/** @throws Error when it is not installed, or does not answer within a minute */
export async function startMoto(): Promise<Moto> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const said: string[] = [];
  // However these tests end, moto ends with them.
  const command = ['--pdeathsig', 'KILL', python, '-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)];
  const child = spawn('setpriv', command, {
    env: {
      ...process.env,
      MOTO_AMIS_PATH: join(import.meta.dirname, 'images.json'),
      // Without these it takes any image and type.
      MOTO_ENABLE_AMI_VALIDATION: 'true',
      MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION: 'true',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.push(text);
    said.splice(0, said.length - linesKept);
  });
  const ended = once(child, 'exit').then(
    ([code]) => `ended with ${code}`,
    (error: unknown) => String(error),
  );
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const why = await Promise.race([answers(url), ended]);
  if (why === undefined) return { url, stop };
  await stop();
  throw new Error(`moto (${python}) ${why}; next step: bash toolchain/setup.sh test\n${said.join('')}`);
}

/** Undefined once it answers. */
async function answers(url: string): Promise<string | undefined> {
  const deadline = performance.now() + startTimeout;
  while (performance.now() < deadline) {
    const response = await fetch(`${url}/moto-api/data.json`).catch(() => undefined);
    if (response?.ok) return undefined;
    await sleep(100);
  }
  return 'does not answer';
}
