import type { UnitStatus } from '../model/status.ts';

/** What people read of a unit's certificate. */
export function certificateLine({ until, problem }: NonNullable<UnitStatus['certificate']>): string {
  const day = until.replace(/:\d\d\.\d+Z$/, 'Z').replace('T', ' ');
  return `good until ${day}${problem === undefined ? '' : `, not renewed: ${problem}`}`;
}
