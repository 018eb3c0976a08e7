import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Manifest, parseManifest } from '../config/manifest.ts';
import { messageOf } from '../model/message-of.ts';
import type { Problem } from '../model/problem.ts';

/** A folder of units as it lies on disk; nothing in it was looked at but the manifest. */
export interface UnitFolder {
  readonly path: string;
  readonly files: readonly { readonly name: string; readonly contents: Buffer | string }[];
  /** Template resources and templates, by name. */
  readonly templates: ReadonlyMap<string, string>;
  readonly manifest: Manifest;
  /** Where the manifest is, or would be. */
  readonly manifestPath: string;
  readonly problems: readonly Problem[];
}

const manifestName = 'units.yaml';

/** Files that a folder may hold beside units. */
const documentation = /^(README|readme)(\..*)?$|^\./;

/** confd's endings: what is for units' `Template=`, and no unit itself. */
const templateFile = /\.(toml|tmpl)$/;

/** Unit files bigger than this are refused unread: systemd itself stops at 1 MiB a line. */
const largest = 2 * 1024 * 1024;

export function readUnitFolder(path: string): UnitFolder {
  try {
    const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
    return isThere ? readFolder(path) : unusable(path, `there is no folder ${path}`);
  } catch (error) {
    return unusable(path, `${path} cannot be read: ${messageOf(error)}`);
  }
}

function readFolder(path: string): UnitFolder {
  const names = readdirSync(path).sort();
  const manifestPath = join(path, manifestName);
  const text = names.includes(manifestName) ? readFileSync(manifestPath, 'utf8') : undefined;
  const { manifest, problems } = parseManifest(manifestPath, text);
  const found = names
    .filter((name) => name !== manifestName && !documentation.test(name))
    .map((name) => ({ name, what: lookAt(join(path, name)) }));
  const usable = found.filter(({ what }) => what === 'file');
  const units = usable.filter(({ name }) => !templateFile.test(name));
  const { templates, problems: unreadable } = readTemplates(
    path,
    usable.flatMap(({ name }) => (templateFile.test(name) ? name : [])),
  );
  return {
    path,
    manifest,
    manifestPath,
    templates,
    problems: [...problems, ...problemsOf(path, found), ...unreadable],
    files: units.map(({ name }) => ({ name, contents: readFileSync(join(path, name)) })),
  };
}

function readTemplates(folder: string, names: readonly string[]) {
  const templates = new Map<string, string>();
  const problems: Problem[] = [];
  for (const name of names) {
    const path = join(folder, name);
    try {
      templates.set(name, new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)));
    } catch {
      problems.push({ path, problem: 'is no UTF-8 text', fix: 'save the file as UTF-8' });
    }
  }
  return { templates, problems };
}

interface Found {
  readonly name: string;
  readonly what: 'file' | 'too large' | 'no file';
}

function problemsOf(folder: string, found: readonly Found[]): Problem[] {
  const each = (kind: Found['what'], problem: string, fix: string) =>
    found.filter(({ what }) => what === kind).map(({ name }) => ({ path: join(folder, name), problem, fix }));
  const noUnits = {
    path: folder,
    problem: 'has no unit files',
    fix: 'put some there, or take the folder off flotilla:units',
  };
  return [
    ...each(
      'no file',
      'is no file, or a link that leads nowhere',
      'put unit files there and nothing else but a README',
    ),
    ...(found.some(({ name, what }) => what !== 'no file' && !templateFile.test(name)) ? [] : [noUnits]),
    ...each(
      'too large',
      `is larger than ${largest / 1024 / 1024} MiB`,
      'a unit file is a few lines of text: put data into an image or a file of its own',
    ),
  ];
}

/** Links are followed: where a unit's file really lies is the user's business. */
function lookAt(path: string): Found['what'] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile()) return 'no file';
  return found.size > largest ? 'too large' : 'file';
}

function unusable(path: string, problem: string): UnitFolder {
  const fix = 'create it, make it readable, or take it off the list';
  return {
    path,
    files: [],
    templates: new Map(),
    manifest: { instances: {}, targetState: {} },
    manifestPath: join(path, manifestName),
    problems: [{ path: 'flotilla:units', problem, fix }],
  };
}
