import type { DigitaloceanSettings } from '../config/digitalocean.ts';
import { parseJson } from '../model/parse-json.ts';
import type { ClusterPlan } from '../plan/plan.ts';
import { credentialProblems } from '../platform/digitalocean/preflight.ts';
import { type Check, found, ok, once, problem, warning } from './check.ts';
import {
  type AskAccount,
  accountReply,
  apiDeadline,
  endpointOf,
  newToken,
  notAsked,
  openAccount,
  tryIt,
} from './digitalocean-account.ts';
import { refused } from './digitalocean-api.ts';
import { dropletsOf, limitCheck, placeChecks } from './digitalocean-limits.ts';
import { credentialsOf, type PlatformChecks } from './subject.ts';

/** What droplets need of an account. What there is to ask DigitalOcean is asked once the token is known to be good. */
export const digitaloceanChecks: PlatformChecks = (subject) => {
  const { plan } = subject.config ?? {};
  const settings = plan?.digitalocean;
  const missing = credentialProblems(credentialsOf(subject));
  const ofPlan = plan && settings ? settingsCheck(plan, settings) : [];
  if (missing.length > 0)
    return [...ofPlan, { ...tokenText, fix: newToken(subject.stack), look: async () => missing.map(found) }];
  const account = once((probes, signal) => openAccount(subject, probes, signal));
  return [
    ...ofPlan,
    tokenCheck(account, subject.stack, tryIt(endpointOf(subject))),
    clockCheck(account),
    limitCheck(account, plan),
    ...(plan && settings ? placeChecks(account, plan, settings) : []),
  ];
};

function settingsCheck(plan: ClusterPlan, settings: DigitaloceanSettings): readonly Check[] {
  return [
    {
      what: 'droplets',
      why: 'sizes, network and user data have limits that are known without asking',
      fix: 'see docs/digitalocean.md',
      look: async () => {
        const slugs = dropletsOf(plan, settings).map(({ size }) => size.slug);
        const counted = [...new Set(slugs)].map(
          (slug) => `${slugs.filter((each) => each === slug).length} × ${slug}`,
        );
        return ok(`${counted.join(', ') || 'none'} in ${settings.region}, on ${plan.network}`);
      },
    },
  ];
}

const tokenText = {
  what: 'token',
  why: 'Pulumi asks DigitalOcean for everything by it',
  deadline: apiDeadline,
};

function tokenCheck(account: AskAccount, stack: string, fix: string): Check {
  return {
    ...tokenText,
    fix,
    async look(probes, signal) {
      const asked = await account(probes, signal);
      if (asked.kind === 'silent') return asked.said;
      const { access, answer } = asked;
      if (answer.status === 403)
        return warning(
          `${access.endpoint} takes it, but not for the account, whose limits are so unknown`,
          'give the token the scope account:read, or pass over this',
        );
      if (answer.status === 401) return problem(`it is refused: ${refused(answer)}`, newToken(stack));
      const { data } = accountReply.safeParse(parseJson(answer.body));
      if (answer.status !== 200 || !data) return problem(refused(answer));
      const { status, status_message: message } = data.account;
      const finding = `${access.endpoint} takes it; the account is ${status}${message ? `: ${message}` : ''}`;
      if (status === 'active') return ok(finding);
      const advice = 'see https://cloud.digitalocean.com/account';
      return status === 'locked' ? problem(finding, advice) : warning(finding, advice);
    },
  };
}

/** Seconds. A header has whole ones, and travels; the API's TLS minds minutes. */
const clockTolerance = 5;

function clockCheck(account: AskAccount): Check {
  return {
    what: 'cloud clock',
    why: "the cloud's machines go by a clock like its own, and certificates are made by this computer's",
    fix: 'sudo timedatectl set-ntp true',
    deadline: apiDeadline,
    async look(probes, signal) {
      const asked = await account(probes, signal);
      if (asked.kind === 'silent') return notAsked;
      const { answer, at } = asked;
      if (answer.date === undefined) return warning('its answers have no date', 'date --utc');
      const ahead = Math.round((at - answer.date) / 1000);
      const finding = `this computer's is ${Math.abs(ahead)} s ${ahead < 0 ? 'behind' : 'ahead of'} it`;
      return Math.abs(ahead) > clockTolerance ? problem(finding) : ok('like this one, to some seconds');
    },
  };
}
