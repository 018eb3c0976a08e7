import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import type { Probe } from '../../model/flotilla-options.ts';
import { messageOf } from '../../model/message-of.ts';
import { runProgram } from './probe-program.ts';
import type { Finding } from './readiness.ts';

/** One run of a unit's probe, which never takes much longer than `timeout` seconds and never rejects. */
export type RunProbe = (probe: Probe, subject: Subject, signal: AbortSignal) => Promise<Finding>;

export interface Subject {
  readonly unit: string;
  /** The unit file, which says as whom a program is run. */
  readonly contents: string;
  /** Seconds. */
  readonly timeout: number;
}

type Attempt<Kind extends Probe['kind']> = (
  probe: Extract<Probe, { kind: Kind }>,
  subject: Subject,
  signal: AbortSignal,
) => Promise<Finding>;

const attempts: { readonly [Kind in Probe['kind']]: Attempt<Kind> } = {
  exec: ({ argv }, { contents }, signal) => runProgram(argv, contents, signal),
  http: askHttp,
  tcp: openTcp,
  // A unit is only looked at while it is active, and with `Type=notify` it is active from READY=1 on.
  notify: async () => ({ ok: true, detail: 'has notified systemd' }),
};

/** Looks at the machine itself: 127.0.0.1 for `http` and `tcp`, a program of the machine for `exec`. */
export const runProbe: RunProbe = async (probe, subject, signal) => {
  const late = AbortSignal.timeout(subject.timeout * 1000);
  const ended = AbortSignal.any([signal, late]);
  try {
    return await attempt(probe, subject, ended);
  } catch (error) {
    if (late.aborted) return { ok: false, detail: `${nameOf(probe)} gave no answer in ${subject.timeout} s` };
    return { ok: false, detail: `${nameOf(probe)}: ${messageOf(error)}` };
  }
};

function attempt<Kind extends Probe['kind']>(
  probe: Extract<Probe, { kind: Kind }>,
  subject: Subject,
  signal: AbortSignal,
): Promise<Finding> {
  const kind: Kind = probe.kind;
  return attempts[kind](probe, subject, signal);
}

function nameOf(probe: Probe): string {
  if (probe.kind === 'exec') return probe.argv[0] ?? 'the program';
  if (probe.kind === 'http') return `GET :${probe.port}${probe.path}`;
  return probe.kind === 'tcp' ? `port ${probe.port}` : 'systemd';
}

/** 200 to 399 is ready. A redirect is an answer of the service and is not followed. */
async function askHttp(
  probe: Extract<Probe, { kind: 'http' }>,
  _: Subject,
  signal: AbortSignal,
): Promise<Finding> {
  const { port, path } = probe;
  const headers = { 'user-agent': 'flotilla-agent' };
  const asked = request({ host: '127.0.0.1', port, path, headers, agent: false, signal });
  asked.end();
  try {
    const [response] = await once(asked, 'response', { signal });
    const status = Number(response.statusCode);
    return { ok: status >= 200 && status < 400, detail: `${nameOf(probe)} answered ${status}` };
  } finally {
    asked.on('error', () => undefined);
    asked.destroy();
  }
}

async function openTcp(
  probe: Extract<Probe, { kind: 'tcp' }>,
  _: Subject,
  signal: AbortSignal,
): Promise<Finding> {
  const socket = connect({ host: '127.0.0.1', port: probe.port });
  try {
    await once(socket, 'connect', { signal });
    return { ok: true, detail: `${nameOf(probe)} accepts connections` };
  } finally {
    socket.on('error', () => undefined);
    socket.destroy();
  }
}
