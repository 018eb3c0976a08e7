import type { Systemd } from '../../src/agent/systemd/systemd.ts';
import { changesContract } from './systemd/changes.ts';
import { enablingContract } from './systemd/enabling.ts';
import { guardContract } from './systemd/guard.ts';
import { installContract } from './systemd/install.ts';
import { reloadContract } from './systemd/reload.ts';
import { startContract } from './systemd/start.ts';
import { stopContract } from './systemd/stop.ts';
import { subjectOf } from './systemd/subject.ts';
import { typesContract } from './systemd/types.ts';

export interface SystemdContractOptions {
  /** One that has none of these units; each test uses names of its own. */
  readonly get: () => Systemd;
  /** Breaks its connection to systemd. */
  readonly lose: () => Promise<void>;
  /** Restarts a unit that is not of ours. */
  readonly restartForeign: () => Promise<void>;
  /** Milliseconds in which a unit is surely started. */
  readonly soon?: number;
}

/** What every `Systemd` must do. */
export function systemdContract({ get, lose, restartForeign, soon = 5000 }: SystemdContractOptions): void {
  const subject = subjectOf(get);
  installContract(subject);
  enablingContract(subject);
  typesContract(subject);
  startContract(subject);
  stopContract(subject);
  reloadContract(subject);
  guardContract(subject, soon);
  changesContract(subject, { lose, restartForeign });
}
