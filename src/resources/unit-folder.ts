import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Manifest, parseManifest } from '../config/manifest.ts';
import { messageOf } from '../model/message-of.ts';
import type { Problem } from '../model/problem.ts';

/** A folder of units as it lies on disk; nothing in it was looked at but the manifest. */
export interface UnitFolder {
  readonly path: string;
  readonly files: readonly { readonly name: string; readonly contents: Buffer }[];
  readonly manifest: Manifest;
  /** Where the manifest is, or would be. */
  readonly manifestPath: string;
  readonly problems: readonly Problem[];
}

const manifestName = 'units.yaml';

/** Files that a folder may hold beside units. */
const documentation = /^(README|readme)(\..*)?$|^\./;

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
  const candidates = names.filter((name) => name !== manifestName && !documentation.test(name));
  const looked = candidates.map((name) => ({ name, what: lookAt(join(path, name)) }));
  const units = looked.filter(({ what }) => what === 'file').map(({ name }) => name);
  const tooLarge = looked.filter(({ what }) => what === 'too large').map(({ name }) => name);
  const others = looked.filter(({ what }) => what === 'no file').map(({ name }) => name);
  return {
    path,
    manifest,
    manifestPath,
    problems: [
      ...problems,
      ...others.map((name) => ({
        path: join(path, name),
        problem: 'is no file, or a link that leads nowhere',
        fix: 'put unit files there and nothing else but a README',
      })),
      ...(units.length + tooLarge.length === 0
        ? [
            {
              path,
              problem: 'has no unit files',
              fix: 'put some there, or take the folder off flotilla:units',
            },
          ]
        : []),
      ...tooLarge.map((name) => ({
        path: join(path, name),
        problem: `is larger than ${largest / 1024 / 1024} MiB`,
        fix: 'a unit file is a few lines of text: put data into an image or a file of its own',
      })),
    ],
    files: units.map((name) => ({ name, contents: readFileSync(join(path, name)) })),
  };
}

/** Links are followed: where a unit's file really lies is the user's business. */
function lookAt(path: string): 'file' | 'too large' | 'no file' {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile()) return 'no file';
  return found.size > largest ? 'too large' : 'file';
}

function unusable(path: string, problem: string): UnitFolder {
  const fix = 'create it, make it readable, or take it off the list';
  return {
    path,
    files: [],
    manifest: { instances: {}, targetState: {} },
    manifestPath: join(path, manifestName),
    problems: [{ path: 'flotilla:units', problem, fix }],
  };
}
