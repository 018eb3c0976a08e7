import { nothingServed } from '../model/api.ts';
import { upCommand } from '../model/up-command.ts';

/** What to do about a status that an agent answered, where that is the same for all requests. */
const nextSteps: Readonly<Record<number, string>> = {
  409: 'run it again: it is decided anew from what is there now',
  410: 'ask from a later revision',
};

const newAgents = `${upCommand()} brings the agents to this version`;
const correctTheFile = 'correct the unit file';

/** What to do about it for the requests below a path. */
const nextStepsByPath: readonly [prefix: string, steps: Readonly<Record<number, string>>][] = [
  ['/flotilla/v1/plan', { 400: correctTheFile, 422: correctTheFile }],
  ['/flotilla/v1/apply', { 400: correctTheFile, 422: correctTheFile }],
  ['/flotilla/v1/machines/', both('`flotilla list-machines` shows the machines there are')],
  ['/flotilla/v1/rollouts', both('`flotilla rollout status` shows the rollouts there are')],
];

const nextStepsElsewhere: Readonly<Record<number, string>> = {
  400: `correct it; if it is right, ${newAgents}`,
  404: '`flotilla list-unit-files` shows the units there are',
};

function both(step: string): Readonly<Record<number, string>> {
  return { 404: step, 409: step };
}

/** Their messages end with what to do. */
const complete: ReadonlySet<number> = new Set([403, 413, 500, 503, 507]);

/** What comes behind the message: the next step as a clause, or nothing when it says that itself, after the agent on `machine` refused a request for `path`; `why` is what it said. */
export function nextStep(machine: string, path: string, status: number, why = ''): string {
  if (status === 404 && why.startsWith(nothingServed)) return `; ${newAgents}`;
  if (complete.has(status)) return '';
  const steps = nextStepsByPath.find(([prefix]) => path.startsWith(prefix))?.[1];
  const known = steps?.[status] ?? nextSteps[status] ?? nextStepsElsewhere[status];
  return `; ${known ?? journalOfAgent(machine)}`;
}

/** Where the agent itself has said what is wrong. */
export function journalOfAgent(machine: string): string {
  return `\`flotilla ssh ${machine} sudo journalctl -u flotilla-agent\` says why`;
}
