import { createHash } from 'node:crypto';
import type { HostState } from '../../../hosts/facts.ts';
import { type Added, flotillaFolder, recordPath } from '../../../hosts/record.ts';
import { sudoersPath, type WantedHost } from '../../../hosts/wanted.ts';

/** What the state knows of a host that was set up. */
export interface KnownHost {
  readonly wanted: WantedHost;
  /** A copy of the host's record; states of earlier versions have none. */
  readonly record?: Added | undefined;
}

/** Pure: what shows that a host without a record was set up all the same; empty where nothing does. */
export function tracesOf(
  { flotilla, user, files }: HostState,
  { wanted }: Pick<KnownHost, 'wanted'>,
): string[] {
  return [
    ...(flotilla ? [`what Flotilla keeps in ${flotillaFolder}, or its agent's unit`] : []),
    ...(user?.authorized ? [`the stack's key in ~${wanted.user.name}/.ssh/authorized_keys`] : []),
    ...(files[sudoersPath]?.sha256 === digestOf(wanted) ? [sudoersPath] : []),
  ];
}

/** Of the right that Flotilla gives: another one at its path is somebody else's. */
function digestOf({ files }: WantedHost): string | undefined {
  const right = files.find(({ path }) => path === sudoersPath);
  return right && createHash('sha256').update(right.contents).digest('hex');
}

/**
 * The host as if its record were there, by the state's copy. Without a trace of Flotilla the copy counts for nothing:
 * the host was cleaned, or is another system by now.
 *
 * @throws when there are traces and no copy, since what was there before is not known
 */
export function withRecord(facts: HostState, known: KnownHost, name: string): HostState {
  if (facts.added) return facts;
  const traces = tracesOf(facts, known);
  if (traces.length === 0) return facts;
  if (known.record) return { ...facts, added: known.record };
  throw new Error(
    `${name}: ${recordPath}, which says what Flotilla added there, is gone, and the state has no copy of it; still there: ${traces.join(', ')}. ` +
      'Put the file back from a backup; or take away by hand what docs/hosts.md, "What is changed on a host", lists, and run it again',
  );
}
