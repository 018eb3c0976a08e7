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

export function metadataText({ key, values }: Extract<Blocker, { kind: 'metadata' }>): string {
  return values.map((value) => `${key}=${value}`).join(' or ');
}

function foundText({ condition, found }: Extract<Blocker, { kind: 'condition' }>): string {
  return found === undefined ? `no metadata ${condition.key}` : `${condition.key}=${found}`;
}

export function roomText({ template, limit }: LimitBlocker): string {
  return `room for another instance of ${template} (MaxPerMachine=${limit})`;
}

export function listText(names: readonly string[]): string {
  const more = names.length > namesShown ? ` and ${names.length - namesShown} more` : '';
  return `${names.slice(0, namesShown).join(', ')}${more}`;
}
