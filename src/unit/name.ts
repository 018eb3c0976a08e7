import type { Flaw } from './problem.ts';

/** The parts of a unit's name (systemd.unit(5), "Unit File Load Path" and "Description"). */
export interface UnitName {
  /** `hello@1.service` */
  readonly full: string;
  /** Without the type suffix: `hello@1`. */
  readonly stem: string;
  /** Before the first `@`: `hello`. */
  readonly prefix: string;
  /** With its dot: `.service`. */
  readonly suffix: string;
  /** `hello@.service` for a template and for its instances; undefined for any other unit. */
  readonly template?: string;
  /** `1`; empty for the template itself and for units that have none. */
  readonly instance: string;
}

/** Types that can be given as files. Left out: scope units, which programs make, and what systemd dropped. */
export const unitTypes: readonly string[] = [
  ...['automount', 'device', 'mount', 'path', 'service'],
  ...['slice', 'socket', 'swap', 'target', 'timer'],
];

/** Types whose name is free, so that an instance can be put into it. A mount's name is its path. */
const templateTypes = ['path', 'service', 'socket', 'target', 'timer'];

/** systemd's UNIT_NAME_MAX is 256 with the closing NUL. */
const maxNameLength = 255;

/** Splits a name at its last dot and its first `@`; undefined when it has no dot. Checks nothing else. */
export function parseUnitName(full: string): UnitName | undefined {
  const dot = full.lastIndexOf('.');
  if (dot === -1) return undefined;
  const stem = full.slice(0, dot);
  const suffix = full.slice(dot);
  const at = stem.indexOf('@');
  if (at === -1) return { full, stem, prefix: stem, suffix, instance: '' };
  const prefix = stem.slice(0, at);
  return { full, stem, prefix, suffix, template: `${prefix}@${suffix}`, instance: stem.slice(at + 1) };
}

/** Whether the name is a template itself: `hello@.service`. */
export function isTemplate(name: string): boolean {
  const parts = parseUnitName(name);
  return parts?.template !== undefined && parts.instance === '';
}

/** Template of an instance's name; undefined for all other units. */
export function templateOf(name: string): string | undefined {
  const parts = parseUnitName(name);
  return parts?.instance === '' ? undefined : parts?.template;
}

/** `hello@.service` and `3` → `hello@3.service`. The name must be a template's. */
export function instanceOf(template: string, instance: string): string {
  return template.replace('@', `@${instance}`);
}

/** Whether the name ends in the suffix of a type that can be given as a file. */
export function hasUnitType(name: string): boolean {
  return unitTypes.some((type) => name.endsWith(`.${type}`));
}

/** What a user means who leaves the type away: `hello` → `hello.service`. */
export function withServiceType(name: string): string {
  return `${name}.service`;
}

/** All that is wrong with a unit's name. Source: systemd.unit(5), and `unit_name_is_valid` for what it leaves out. */
export function checkName(name: string): Flaw[] {
  return [...checkForm(name), ...checkType(name), ...checkReserved(name)];
}

/**
 * Units that a machine of ours stands on. A unit file of the same name would take their place at the next restart,
 * and taking it away again would stop them: the operator would be locked out, or etcd without its quorum.
 */
const reserved = new RegExp(
  `^(${[
    'etcd|docker|containerd|sshd?(@.*)?|dbus(-.*)?|flotilla-(agent|fence)|networking|nftables',
    'udev|kmod|ifup(down.*)?(@.*)?|umount|cryptsetup.*|initrd.*',
    'cloud-(init|config|final).*|systemd-.*|(serial-|container-)?getty(@.*)?',
    '(init|user|system)(\\.slice)?|user(@|-\\d|-runtime-dir@).*',
    'basic|default|emergency|exit|graphical|halt|multi-user|network(-online)?|poweroff|reboot|rescue|shutdown|sysinit',
  ].join('|')})\\.[a-z]+$|^(-|boot(-efi)?|dev|proc|run|sys|tmp)\\.mount$` +
    '|^((local|remote)-fs(-pre)?|paths|slices|sockets|swap|time-sync|timers)\\.target$',
);

function checkReserved(name: string): Flaw[] {
  if (!reserved.test(name)) return [];
  const message = `the machine itself runs on a unit "${name}"`;
  return [{ rule: 'name-reserved', message, fix: 'give the unit another name' }];
}

function checkForm(name: string): Flaw[] {
  const flaws: Flaw[] = [];
  const form = (message: string, fix: string) => flaws.push({ rule: 'name-form', message, fix });
  const wrong = [...new Set(name.match(/[^A-Za-z0-9:_.\\@-]/gu) ?? [])];
  const bytes = new TextEncoder().encode(name).length;
  if (name.includes('/')) form(`unit name "${name}" contains "/"`, 'give the file name without a folder');
  else if (wrong.length > 0) {
    const fix = 'use letters, digits and : - _ . \\ @ only';
    form(`unit name ${JSON.stringify(name)} contains ${JSON.stringify(wrong.join(''))}`, fix);
  }
  if (name.startsWith('.')) {
    const fix = 'rename it: systemd passes over hidden files';
    flaws.push({ rule: 'name-hidden', message: `unit name "${name}" starts with "."`, fix });
  }
  if (name.startsWith('@')) form(`unit name "${name}" has nothing before "@"`, 'write name@.service');
  if (bytes > maxNameLength) {
    const message = `unit name "${name.slice(0, 20)}…" has ${bytes} bytes`;
    flaws.push({ rule: 'name-length', message, fix: `shorten it to ${maxNameLength} at most` });
  }
  return flaws;
}

function checkType(name: string): Flaw[] {
  const suffix = parseUnitName(name)?.suffix.slice(1) ?? '';
  const known = `end it in one of ${unitTypes.map((type) => `.${type}`).join(' ')}`;
  if (suffix === '') return [{ rule: 'name-type', message: `unit name "${name}" has no type`, fix: known }];
  if (!unitTypes.includes(suffix)) {
    return [{ rule: 'name-type', message: `unit name "${name}" has unknown type "${suffix}"`, fix: known }];
  }
  if (!name.includes('@') || templateTypes.includes(suffix)) return [];
  const message = `unit name "${name}" is a template of type "${suffix}"`;
  return [{ rule: 'name-template', message, fix: `only ${templateTypes.join(', ')} units have templates` }];
}
