import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Command } from 'commander';
import { messageOf } from '../model/message-of.ts';
import { InvalidInput } from '../model/problem.ts';
import { KeyStore, rangesOf, type View, wholeView } from '../template/key-store.ts';
import { parseTemplate } from '../template/render.ts';
import { parseResource } from '../template/resource.ts';
import { TemplateError } from '../template/template-error.ts';
import { LocalLookups, renderWith } from '../template-sync/lookups.ts';
import { readClusterKeys } from './cluster-keys.ts';
import { type Verb, verb, withCluster } from './command.ts';
import type { Context } from './context.ts';
import { CommandFailed } from './failure.ts';
import { parseKeys } from './keys-file.ts';

interface RenderOptions {
  readonly keys?: string;
  readonly prefix?: string;
}

export const templateRender: Verb = (context) =>
  verb('render', {
    summary: 'print what a template would write',
    description:
      'Renders a template, or the one that a template resource (.toml) names, with the keys and the prefix that ' +
      "the resource gives it. Keys are read in the cluster's etcd, or in a YAML file with --keys: then no cluster " +
      'is needed. Nothing is written and no command runs. What getenv, fileExists and lookups see is this computer. ' +
      'Errors name file, line and column.',
    examples: [
      'template render nginx.conf.tmpl --keys keys.yaml',
      'template render conf.d/nginx.toml',
      'template render nginx.conf.tmpl --prefix /production',
    ],
  })
    .argument('<file>', 'a template, or a template resource (.toml)')
    .option('--keys <file>', 'keys and values in YAML, in place of those of the cluster')
    .option('--prefix <prefix>', 'comes before all keys, and is taken off those that the template sees')
    .action(async (file: string, options: RenderOptions, command: Command) => {
      const { template, view } = await read(file, options.prefix);
      if (options.keys !== undefined) {
        const keys = new KeyStore(parseKeys(options.keys, await readText(options.keys)), view);
        await show(context, template, keys);
        return;
      }
      await withCluster(context, command, async (cluster) => {
        const stored = await readClusterKeys(cluster, rangesOf(view));
        await show(context, template, new KeyStore(stored, view));
        return 0;
      });
    });

async function show(
  context: Context,
  template: Parameters<typeof renderWith>[0],
  keys: KeyStore,
): Promise<void> {
  const text = await expected(() => renderWith(template, keys, new LocalLookups(context.env)));
  context.terminal.stdout.write(text);
}

async function read(file: string, prefix: string | undefined) {
  const text = await readText(file);
  if (!file.endsWith('.toml')) {
    const view: View = { ...wholeView, prefix: prefix ?? wholeView.prefix };
    return { template: await expected(() => parseTemplate({ file, text })), view };
  }
  const resource = await expected(() => parseResource(file, text));
  const source = await readTemplate(file, resource.src);
  const view: View = { keys: resource.keys, prefix: prefix ?? resource.prefix };
  return { template: await expected(() => parseTemplate(source)), view };
}

/** Beside its resource, or as confd has it: conf.d/x.toml and templates/x.tmpl. */
async function readTemplate(resource: string, src: string) {
  const places = [join(dirname(resource), src), join(dirname(resource), '../templates', src)];
  for (const file of places) {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text !== undefined) return { file, text };
  }
  throw new CommandFailed(`${resource} names a template that is not there; expected ${places.join(' or ')}`);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new CommandFailed(`${basename(file)} can't be read: ${messageOf(cause)}`);
  }
}

/** What is wrong with files is no fault of the command: said without a stack. */
async function expected<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (!(cause instanceof TemplateError || cause instanceof InvalidInput)) throw cause;
    throw new CommandFailed(cause.message, undefined, { cause });
  }
}
