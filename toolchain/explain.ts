import * as z from 'zod';
import { awsRefusals } from '../src/platform/aws/refusals.ts';
import { digitaloceanRefusals } from '../src/platform/digitalocean/refusals.ts';
import { findRefusal, type Refusal } from '../src/platform/refusal.ts';
import { nameOf, stackOf, typeOf } from './urn.ts';

/** Of each cloud's plugin, by the package that its types begin with. Our own types' errors have their next step already. */
const refusals: Readonly<Record<string, readonly Refusal[]>> = {
  aws: awsRefusals,
  digitalocean: digitaloceanRefusals,
};

/** An engine event, as far as it is one that says what failed (sdk/go/common/apitype/events.go). */
const Event = z.object({
  diagnosticEvent: z
    .object({ urn: z.string().default(''), message: z.string(), severity: z.string() })
    .optional(),
});

/** Of Pulumi itself about a cloud's plugin: nothing fetches one but `npm run up` (environment.ts). */
const noPlugin =
  /no resource plugin '?pulumi-resource-[a-z]+'? found in the workspace(?: at version v([\d.]+))?/;

/** A resource that failed, or a question of the program's that did. */
interface Failure {
  readonly stack: string;
  readonly cloud: string;
  readonly what: string;
  readonly message: string;
}

/**
 * What the errors of a cloud's plugin mean and what to do, one line for each cause. Pulumi shows the cloud's own words,
 * which name no next step.
 *
 * @param events of the engine, as `--event-log` writes them: one JSON object a line
 */
export function explainFailures(events: string): string[] {
  const causes = new Map<string, string[]>();
  for (const failure of failuresIn(events)) {
    const text = explanation(failure);
    const { what } = failure;
    const known = causes.get(text) ?? [];
    causes.set(text, known.includes(what) ? known : [...known, what]);
  }
  return [...causes].map(([text, whats]) => `${whats.join(', ')}: ${text}`);
}

function explanation({ stack, cloud, message }: Failure): string {
  const missing = noPlugin.exec(message);
  if (missing) return `${installsIt(stack)}; for a preview alone, \`${installation(cloud, missing[1])}\``;
  const found = findRefusal(refusals[cloud] ?? [], message);
  if (found) return `${found.cause}. Next step: ${found.next}`;
  return `see what the cloud says above. Next step: docs/${cloud}.md, "When a step fails"; then \`npm run up\` goes on where this run ended`;
}

function installsIt(stack: string): string {
  const up = `npm run up -- --stack ${stack}`;
  return `this plugin of Pulumi's is not installed yet. Next step: \`${up}\`, which installs it and in a terminal asks before anything is made`;
}

function installation(cloud: string, version: string | undefined): string {
  return ['npx pulumi plugin install resource', cloud, ...(version === undefined ? [] : [version])].join(' ');
}

function failuresIn(events: string): Failure[] {
  return events
    .split('\n')
    .filter((line) => line.trim() !== '')
    .flatMap((line) => {
      const { diagnosticEvent: said } = Event.parse(JSON.parse(line));
      return said?.severity === 'error' ? failureOf(said.urn, said.message) : [];
    });
}

/** The engine's own errors, such as the last one that only counts the others, are nobody's cloud. */
function failureOf(urn: string, message: string): Failure[] {
  const stack = stackOf(urn);
  const [first = '', , third = ''] = typeOf(urn).split(':');
  // A plugin that can't be started, or is not there, fails as the provider that the engine makes of it.
  const cloud = typeOf(urn).startsWith('pulumi:providers:') ? third : first;
  if (cloud in refusals) return [{ stack, cloud, what: `${nameOf(urn)} (${typeOf(urn)})`, message }];
  // A question that the program asks fails the program, whose URN is the stack's.
  const [, token = ''] = /invocation of (\S+) returned an error/i.exec(message) ?? [];
  const [asked = ''] = token.split(':');
  return asked in refusals ? [{ stack, cloud: asked, what: token, message }] : [];
}
