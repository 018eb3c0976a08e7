import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import type { Environment } from './environment.ts';
import { type Command, readOutput, runInForeground } from './process.ts';

/** A cloud's own plugin for Pulumi, which makes its machines. */
export interface Plugin {
  readonly name: string;
  readonly version: string;
}

/** What decides where a plugin comes from. */
export interface PluginSurroundings {
  /** Text of Pulumi.yaml. */
  readonly project: string;
  /** The user's environment. */
  readonly environment: Environment;
  /** A run of the Pulumi CLI. */
  readonly pulumi: (...args: readonly string[]) => Command;
  readonly say: (line: string) => void;
}

const Manifest = z.object({ dependencies: z.record(z.string(), z.string()) });
const Project = z.object({
  plugins: z.object({ providers: z.array(z.object({ name: z.string() })).default([]) }).optional(),
});
const Installed = z.array(z.object({ name: z.string(), kind: z.string(), version: z.string() }));

/**
 * The plugin that a platform's npm package talks to: they have name and version in common. Undefined for platforms
 * that our own plugin serves.
 *
 * @param manifest package.json
 */
export function stockPlugin(platform: string, manifest: unknown): Plugin | undefined {
  const version = Manifest.parse(manifest).dependencies[`@pulumi/${platform}`];
  return version === undefined ? undefined : { name: platform, version };
}

/**
 * Installs the plugin unless Pulumi finds one. Pulumi itself is kept from fetching any (environment.ts), so that nothing
 * is downloaded unasked; here it is said.
 *
 * @throws Error when it can't be installed
 */
export async function ensurePlugin(plugin: Plugin, surroundings: PluginSurroundings): Promise<void> {
  const { pulumi, say } = surroundings;
  const { name, version } = plugin;
  const own = givenPlace(plugin, surroundings);
  if (own !== undefined) return say(`plugin ${name}: ${own}`);
  const listed = await readOutput(pulumi('plugin', 'ls', '--json'), { log: say });
  const installed = Installed.parse(JSON.parse(listed));
  if (installed.some((each) => each.kind === 'resource' && each.name === name && each.version === version))
    return;
  say(
    `plugin ${name}: installing ${version}, which the platform needs; once, and some minutes on a slow line`,
  );
  const code = await runInForeground(pulumi('plugin', 'install', 'resource', name, version));
  if (code === 0) return;
  throw new Error(
    `Pulumi's plugin ${name} ${version} can't be installed; see above. Next step, one of: make the download possible ` +
      `(a proxy is taken from HTTPS_PROXY); put pulumi-resource-${name} of that version on PATH`,
  );
}

/** Pulumi's order: the project's own, then PATH, both before what is installed. */
function givenPlace({ name }: Plugin, { project, environment }: PluginSurroundings): string | undefined {
  const providers = Project.parse(parse(project)).plugins?.providers ?? [];
  if (providers.some((provider) => provider.name === name)) return 'the one that Pulumi.yaml names';
  const program = `pulumi-resource-${name}`;
  const folders = (environment.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  return found && `${found} (found on PATH)`;
}
