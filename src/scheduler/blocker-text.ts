import type { Reason } from '../model/reason.ts';
import type { Blocker, LimitBlocker } from './fit.ts';
import { conditionText } from './match.ts';

/** More names than this make a reason longer than a line; the rest are counted. */
export const namesShown = 3;

/** Why a unit can't stay where it is. */
export function explainBlocker(blocker: Blocker, machine: string): Reason {
  switch (blocker.kind) {
    case 'machine-id':
      return `MachineID=${blocker.wanted} is not ${machine}`;
    case 'metadata':
      return `${machine} has no metadata ${metadataText(blocker)}`;
    case 'condition':
      return `${machine} has ${foundText(blocker)}, but must have ${conditionText(blocker.condition)}`;
    case 'machine-of':
      return `${blocker.peer} is not on ${machine} (${blocker.because})`;
    case 'conflict':
      return `conflicts with ${blocker.unit} on ${machine}`;
    case 'max-per-machine':
      return `${machine} has no ${roomText(blocker)}`;
    case 'cordoned':
    case 'draining':
      return `${machine} is ${blocker.kind}`;
    case 'replaced':
      return `replaced by ${blocker.by} on ${machine}`;
    case 'untouchable':
      return `nothing can be decided now about ${blocker.unit} on ${machine}, which would make room`;
  }
}

/** What keeps a unit from a machine, in words that machines with the same lack share. */
export type Lack =
  /** Something that a machine could have: `metadata disk=ssd`. */
  | { readonly kind: 'thing'; readonly text: string }
  /** What a machine is: `cordoned`. */
  | { readonly kind: 'state'; readonly text: string }
  /** A unit there, another on each machine: `conflicts with`. */
  | { readonly kind: 'unit'; readonly text: string; readonly unit: string };

/** The same as `explainBlocker`, for machines that are told together. */
export function lackOf(blocker: Blocker): Lack {
  switch (blocker.kind) {
    case 'machine-id':
      return { kind: 'thing', text: `id ${blocker.wanted}` };
    case 'metadata':
      return { kind: 'thing', text: `metadata ${metadataText(blocker)}` };
    case 'condition':
      return { kind: 'thing', text: `metadata ${conditionText(blocker.condition)}` };
    case 'machine-of':
      return { kind: 'thing', text: `unit ${blocker.peer} (${blocker.because})` };
    case 'conflict':
      return { kind: 'unit', text: 'conflicts with', unit: blocker.unit };
    case 'max-per-machine':
      return { kind: 'thing', text: roomText(blocker) };
    case 'cordoned':
    case 'draining':
      return { kind: 'state', text: blocker.kind };
    case 'replaced':
      return { kind: 'unit', text: 'replaced by', unit: blocker.by };
    case 'untouchable':
      return { kind: 'unit', text: 'nothing can be decided now about', unit: blocker.unit };
  }
}

function metadataText({ key, values }: Extract<Blocker, { kind: 'metadata' }>): string {
  return values.map((value) => `${key}=${value}`).join(' or ');
}

function foundText({ condition, found }: Extract<Blocker, { kind: 'condition' }>): string {
  return found === undefined ? `no metadata ${condition.key}` : `${condition.key}=${found}`;
}

function roomText({ template, limit }: LimitBlocker): string {
  return `room for another instance of ${template} (MaxPerMachine=${limit})`;
}

export function listText(names: readonly string[]): string {
  const more = names.length > namesShown ? ` and ${names.length - namesShown} more` : '';
  return `${names.slice(0, namesShown).join(', ')}${more}`;
}
