import type * as pulumi from '@pulumi/pulumi';
import { isCloud } from '../model/platform-name.ts';
import type { Problem } from '../model/problem.ts';

/**
 * A cluster that would get a provider which the program made. Its arguments are not to be read, and what is planned goes
 * by Pulumi's config: with another region, machines would be asked for in zones that are not there.
 *
 * @param platform as the program gave it, not checked yet
 */
export function ownProviderProblems(
  platform: unknown,
  { provider, providers = [], parent }: pulumi.ComponentResourceOptions = {},
): Problem[] {
  if (!isCloud(platform)) return [];
  const given = [provider, ...(Array.isArray(providers) ? providers : Object.values(providers))];
  const own = given.some((each) => isOf(each, platform));
  if (!own && !parent?.getProvider(`${platform}:index:Any`)) return [];
  return [
    {
      path: 'opts.providers',
      problem: `has a provider for ${platform}, or the component around it has, which a cluster can't go by`,
      fix: `take it out; region and credentials stand in the stack's config, \`pulumi config set ${platform}:…\``,
    },
  ];
}

/** As the `isInstance` of each package does; to load the package for that takes a second. */
function isOf(provider: pulumi.ProviderResource | undefined, cloud: string): boolean {
  return (
    provider !== undefined &&
    '__pulumiType' in provider &&
    provider.__pulumiType === `pulumi:providers:${cloud}`
  );
}
