import type { Call } from './call.ts';
import { type Answer, refuse } from './refusal.ts';

/** SSM parameters that Debian publishes (wiki.debian.org, "Cloud/AmazonEC2Image"), with the images of `images.json`. */
const parameters: Readonly<Record<string, string>> = {
  '/aws/service/debian/release/13/latest/amd64': 'ami-0deb1a13000000064',
  '/aws/service/debian/release/13/latest/arm64': 'ami-0deb1a13000000a64',
};

/**
 * Public parameters that moto lacks and that nobody can put there: it refuses names that begin with `aws`, as AWS does.
 * Undefined for all other calls.
 */
export function publicParameters({ service, action, params }: Call): Answer | undefined {
  const { Name: name = '' } = params;
  if (service !== 'ssm' || action !== 'GetParameter' || !name.startsWith('/aws/service/debian/'))
    return undefined;
  const value = parameters[name];
  if (value === undefined) return refuse(service, { status: 400, code: 'ParameterNotFound', message: name });
  const parameter = {
    Name: name,
    Type: 'String',
    Value: value,
    Version: 1,
    ARN: `arn:aws:ssm:::parameter${name}`,
  };
  const body = JSON.stringify({ Parameter: { ...parameter, DataType: 'text' } });
  return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body };
}
