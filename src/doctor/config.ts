import { type Check, found, ok, warning } from './check.ts';
import { stackConfigFile } from './stack-config.ts';
import type { Subject } from './subject.ts';

/** Whether the stack's config can be used, with everything that is wrong with it. */
export function configChecks({ stack, config, platform, platformAlone }: Subject): readonly Check[] {
  if (platformAlone) return [];
  const file = stackConfigFile(stack);
  return [
    {
      what: 'config',
      why: 'a cluster is what it says',
      fix: `$EDITOR ${file}`,
      async look() {
        if (!config)
          return warning(
            `there is no ${file}, so no machines are known`,
            `cp stacks/Pulumi.local.yaml ${file}`,
          );
        const { plan, problems } = config;
        if (!plan) return problems.map(found);
        const { length } = plan.machines;
        return ok(`${file}: ${length} ${length === 1 ? 'machine' : 'machines'} on ${platform}`);
      },
    },
  ];
}
