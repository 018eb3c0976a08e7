import type { Systemd } from '../../src/agent/systemd.ts';
import { changesContract } from './systemd/changes.ts';
import { guardContract } from './systemd/guard.ts';
import { installContract } from './systemd/install.ts';
import { startContract } from './systemd/start.ts';
import { stopContract } from './systemd/stop.ts';
import { subjectOf } from './systemd/subject.ts';
import { typesContract } from './systemd/types.ts';

/**
 * What every `Systemd` must do. `get` answers one that has none of these units; each test uses names of its own.
 * `lose` breaks its connection to systemd. `soon` is a time in milliseconds in which a unit is surely started.
 */
export function systemdContract(get: () => Systemd, lose: () => Promise<void>, soon = 5000): void {
  const subject = subjectOf(get);
  installContract(subject);
  typesContract(subject);
  startContract(subject);
  stopContract(subject);
  guardContract(subject, soon);
  changesContract(subject, lose);
}
