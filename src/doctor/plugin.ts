import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { parseJson } from '../model/parse-json.ts';
import { isCloud } from '../model/platform-name.ts';
import { upCommand } from '../model/up-command.ts';
import { type Check, ok, warning } from './check.ts';
import type { Probes } from './probes.ts';
import type { Subject } from './subject.ts';
import { orWaiting, pulumiOf, readManifest, told } from './tools.ts';

const withPackages = z.object({ dependencies: z.record(z.string(), z.string()) });
const project = z.object({
  plugins: z.object({ providers: z.array(z.object({ name: z.string() })).default([]) }).optional(),
});
const installed = z.array(z.object({ name: z.string(), kind: z.string(), version: z.string().default('') }));

/** Whether Pulumi finds the cloud's plugin, by the rules of toolchain/plugin.ts: `npm run up` installs it, nothing else does. */
export function pluginChecks(subject: Subject): readonly Check[] {
  const { platform: name } = subject;
  if (!isCloud(name)) return [];
  return [
    {
      what: 'plugin',
      why: "Pulumi talks to the cloud through it, and `npx pulumi preview` ends where it isn't there",
      fix: `npx pulumi plugin install resource ${name}`,
      deadline: 15,
      async look(probes, signal) {
        const { dependencies } = await readManifest(probes, subject.clone, withPackages);
        const version = dependencies[`@pulumi/${name}`] ?? '';
        const given = await givenPlace(name, subject, probes, signal);
        if (given !== undefined) return ok(`${name}: ${given}`);
        try {
          const listed = await probes.run([pulumiOf(subject), 'plugin', 'ls', '--json'], signal);
          const there = installed.parse(parseJson(told(listed)));
          if (
            there.some((each) => each.kind === 'resource' && each.name === name && each.version === version)
          )
            return ok(`${name} ${version}, as package.json pins it`);
        } catch (error) {
          return await orWaiting(error, subject, probes, signal);
        }
        const fix = `npx pulumi plugin install resource ${name} ${version}`;
        return warning(`${name} ${version} is not installed yet; the first ${upCommand()} does it`, fix);
      },
    },
  ];
}

/** What Pulumi takes before what is installed: the project's own, then PATH. */
async function givenPlace(
  name: string,
  { clone }: Subject,
  probes: Probes,
  signal: AbortSignal,
): Promise<string | undefined> {
  const text = await probes.readFile(join(clone, 'Pulumi.yaml'));
  const { plugins: named } = project.parse(parse(text ?? '{}'));
  if (named?.providers.some((each) => each.name === name)) return 'the one that Pulumi.yaml names';
  const found = await probes.run(['sh', '-c', 'command -v "$0"', `pulumi-resource-${name}`], signal);
  return found.status === 0 ? `${found.stdout.trim()}, found on PATH` : undefined;
}
