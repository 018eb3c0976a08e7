import type { Problem } from '../../model/problem.ts';
import type { Credentials } from '../credentials.ts';

/** AWS's plugin looks into files of AWS's own tools as well. */
export interface AwsCredentials extends Credentials {
  readonly exists: (path: string) => boolean;
}

/** Any of them is enough (the provider's documentation, "Authentication and Configuration"). */
const settings = [
  'aws:accessKey',
  'aws:profile',
  'aws:sharedCredentialsFiles',
  'aws:sharedConfigFiles',
  'aws:assumeRoleWithWebIdentity',
];
const variables = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
];

/** An id without its secret is a slip that AWS would tell of late, and as a wrong signature. */
const pairs = [
  ['aws:accessKey', 'aws:secretKey'],
  ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
] as const;

export function credentialProblems(credentials: AwsCredentials): Problem[] {
  const { config, environment } = credentials;
  const given: Readonly<Record<string, string | undefined>> = { ...environment, ...config };
  const halves = pairs.filter(([id, secret]) => given[id] && !given[secret]);
  if (halves.length > 0)
    return halves.map(([id, secret]) => ({
      path: id,
      problem: `is there without ${secret}`,
      fix: `give both; docs/aws.md says where they come from`,
    }));
  return [...settings, ...variables].some((name) => given[name]) || isElsewhere(credentials)
    ? []
    : [
        {
          path: 'aws:profile',
          problem: 'there are no credentials for the API',
          fix:
            '`aws configure`, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or `npx pulumi config ' +
            `set aws:profile NAME --stack ${credentials.stack}\`; docs/aws.md says which rights they need`,
        },
      ];
}

/** A machine of AWS's has a role, which the plugin asks for if it is told to; any other has files. */
function isElsewhere({ config, environment, exists }: AwsCredentials): boolean {
  const home = `${environment.HOME ?? environment.USERPROFILE ?? ''}/.aws`;
  return (
    config['aws:skipMetadataApiCheck'] === 'false' ||
    exists(environment.AWS_SHARED_CREDENTIALS_FILE ?? `${home}/credentials`) ||
    exists(environment.AWS_CONFIG_FILE ?? `${home}/config`)
  );
}
