import { existsSync } from 'node:fs';
import type { AwsSettings } from '../config/aws.ts';
import type { ClusterPlan } from '../plan/plan.ts';
import { credentialProblems } from '../platform/aws/credentials.ts';
import { preflight } from '../platform/aws/preflight.ts';
import { type Check, foundOr, ok } from './check.ts';
import { credentialsOf, type PlatformChecks, type Subject } from './subject.ts';

/**
 * What instances need of an account, as far as it shows without asking AWS: its answers want signed questions. Limits
 * and rights show at `up`.
 */
export const awsChecks: PlatformChecks = (subject) => {
  const { plan } = subject.config ?? {};
  const settings = plan?.aws;
  return [...(plan && settings ? [instancesCheck(subject, plan, settings)] : []), credentialsCheck(subject)];
};

function instancesCheck(subject: Subject, plan: ClusterPlan, settings: AwsSettings): Check {
  return {
    what: 'instances',
    why: 'region, sizes, network and user data have limits that are known without asking',
    fix: 'see docs/aws.md',
    look: async () => {
      // Credentials have a check of their own.
      const environment = { AWS_PROFILE: 'not asked here' };
      const credentials = { ...credentialsOf(subject), environment, exists: existsSync };
      const { region, instances } = preflight(plan, settings, credentials);
      const types = instances.map(({ size }) => size.type);
      const counted = [...new Set(types)].map(
        (type) => `${types.filter((each) => each === type).length} × ${type}`,
      );
      return ok(`${counted.join(', ') || 'none'} in ${region}, on ${plan.network}`);
    },
  };
}

function credentialsCheck(subject: Subject): Check {
  return {
    what: 'credentials',
    why: 'Pulumi asks AWS for everything by them',
    fix: 'aws sts get-caller-identity',
    look: async () =>
      foundOr('there are some', credentialProblems({ ...credentialsOf(subject), exists: existsSync })),
  };
}
