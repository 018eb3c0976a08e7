import { spawn } from 'node:child_process';

export interface Run {
  readonly status: number | null;
  /** Both streams, as they came. */
  readonly output: string;
  /** What a program may read: JSON, without what is said of waits meanwhile. */
  readonly stdout: string;
  readonly seconds: number;
}

export interface RunOptions {
  readonly onStart?: (pid: number) => void;
  readonly log?: (line: string) => void;
}

/** How much a failure shows of what was said: what is wrong stands at its end, between the stack's outputs. */
const SHOWN_LINES = 60;

/** What Pulumi shows of the stack's outputs, of a preview and of what follows it. */
const OUTPUTS = /^Outputs:\n(?: .*\n?)*/gm;

/** The run of something that has to end well. @throws Error with the end of what it said */
export async function succeeded(running: Promise<Run>): Promise<Run> {
  const run = await running;
  if (run.status === 0) return run;
  const said = run.output.replace(OUTPUTS, '').trimEnd();
  const end = said.split('\n').slice(-SHOWN_LINES).join('\n');
  throw new Error(`it ended with ${run.status} after ${Math.round(run.seconds)} s:\n${end}`);
}

/** Runs a program to its end. */
export function run(
  program: string,
  args: readonly string[],
  surroundings: { cwd: string; env: NodeJS.ProcessEnv },
  { onStart, log }: RunOptions,
): Promise<Run> {
  const started = performance.now();
  const child = spawn(program, args, { ...surroundings, stdio: ['ignore', 'pipe', 'pipe'] });
  if (child.pid) onStart?.(child.pid);
  let [output, stdout] = ['', ''];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      if (stream === child.stdout) stdout += chunk;
      log?.(chunk);
    });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) =>
      resolve({ status, output, stdout, seconds: (performance.now() - started) / 1000 }),
    );
  });
}
