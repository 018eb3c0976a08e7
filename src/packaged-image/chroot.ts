import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  aptProxies,
  aptSources,
  type BuildOptions,
  buildMode,
  buildModeFix,
  environment,
  isolation,
} from '../qemu/build.ts';
import { run } from '../qemu/command.ts';
import { aptOptions, dpkgOptions, type Suite, sourceLines } from '../qemu/recipe.ts';
import { debianMirrors } from '../qemu/sources.ts';
import type { ChrootStep } from './definition.ts';
import { sourceDateEpoch } from './layer-writer.ts';

/** What images are made of. */
export const suite: Suite = 'trixie';

/** Milliseconds: packages over a slow network. */
const deadline = 30 * 60_000;

/**
 * What this computer's apt was told is nobody else's business, and lists of packages are old the next day. A daemon
 * that a package brings is not started while it is installed: Debian asks this script (policy-rc.d(8)).
 */
const scripts = {
  before: `set -e; printf '#!/bin/sh\\nexit 101\\n' > "$1/usr/sbin/policy-rc.d"; chmod 755 "$1/usr/sbin/policy-rc.d"`,
  after: `set -e; rm -rf "$1"/etc/apt/sources.list "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/var/lib/apt/lists/*
rm -rf "$1"/var/cache/apt/*.bin "$1"/var/cache/debconf/*-old "$1"/var/lib/dpkg/*-old`,
};

/** All that the lowest layer depends on, but for the state of Debian's archive on the day it is made. */
export const baseRecipe = { suite, dpkgOptions, scripts };

/** How a step is done in a root, `$1`. */
export function stepScript(step: ChrootStep): string {
  if ('run' in step) return `chroot "$1" sh -ec "$FLOTILLA_RUN"`;
  const packages = step.packages.join(' ');
  return `DEBIAN_FRONTEND=noninteractive chroot "$1" apt-get --yes install --no-install-recommends ${packages}`;
}

/** How a build runs Debian's programs. Work lies in `folder`, which is thrown away afterwards. */
export interface Debian {
  /** Writes the smallest Debian that has apt to the tar file `root`. */
  makeBase(root: string, options: ChrootOptions): Promise<void>;
  /** Does the step in the root of the tar file `before`, and writes what it is then to `after`. */
  doStep(step: ChrootStep, files: { before: string; after: string }, options: ChrootOptions): Promise<void>;
}

export type ChrootOptions = BuildOptions & { readonly folder: string };

/** By mmdebstrap, which needs no root where there are user namespaces. */
export const mmdebstrap: Debian = { makeBase, doStep };

async function makeBase(root: string, options: ChrootOptions): Promise<void> {
  await debianRoot(['--variant=minbase', hook(scripts.before), hook(scripts.after)], root, {}, options);
}

async function doStep(
  step: ChrootStep,
  { before, after }: { before: string; after: string },
  options: ChrootOptions,
): Promise<void> {
  const args = [
    '--variant=custom',
    `--setup-hook=tar-in '${before}' /`,
    hook(stepScript(step)),
    hook(scripts.after),
  ];
  await debianRoot(args, after, { ...('run' in step && { FLOTILLA_RUN: step.run }) }, options);
}

function hook(script: string): string {
  return `--customize-hook=${script}`;
}

async function debianRoot(
  args: readonly string[],
  target: string,
  variables: Readonly<Record<string, string>>,
  options: ChrootOptions,
): Promise<void> {
  const mode = await buildMode(suite);
  if (mode === undefined) throw new Error(`this user can't build images: ${buildModeFix()}`);
  const mirrors = debianMirrors(await aptSources(), await readFile('/etc/os-release', 'utf8'));
  const apt = [...aptOptions, ...(await aptProxies(options))].map((option) => `--aptopt=${option}`);
  const dpkg = dpkgOptions.map((option) => `--dpkgopt=${option}`);
  const command = ['mmdebstrap', `--mode=${mode}`, '--components=main', ...args, ...apt, ...dpkg];
  await run([...isolation[mode], ...command, suite, target, ...sourceLines(suite, mirrors)], {
    ...options,
    env: {
      ...environment(),
      ...variables,
      SOURCE_DATE_EPOCH: String(sourceDateEpoch),
      ...(mode !== 'unshare' && { TMPDIR: options.folder }),
    },
    purpose: 'building an image',
    deadline,
    killSignal: mode === 'root' ? 'SIGKILL' : 'SIGTERM',
  });
}

/** The tar files that one step of work needs for a while. */
export function roots(folder: string) {
  return { before: join(folder, 'before.tar'), after: join(folder, 'after.tar') };
}
