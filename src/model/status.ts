import type { Reason } from './reason.ts';

/** systemd's three answers about a unit (systemctl(1), "Unit states"). */
export interface SystemdState {
  /** loaded, not-found, bad-setting, error, masked */
  readonly load: string;
  /** active, reloading, inactive, failed, activating, deactivating */
  readonly active: string;
  /** Depends on the unit type: running, exited, dead, auto-restart, … */
  readonly sub: string;
}

/** What a machine says of a unit it has: `/flotilla/states/<machine id>/<unit name>`, written on change only. */
export interface UnitStatus extends SystemdState {
  readonly unit: string;
  readonly machineId: string;
  /** sha256 of the file that is on the machine now, so that an edit by hand shows. */
  readonly hash: string;
  /** Whether the agent has started it and not stopped it since; absent from agents that did not say so yet. */
  readonly started?: boolean;
  /** What its `Ready=` probe found last; absent while the unit has none or is not active. */
  readonly ready?: { readonly ok: boolean; readonly detail: string };
  /** Why it is installed and not yet started, though it shall be; absent while nothing holds it back. */
  readonly waiting?: Reason;
  /** Why the unit failed, or crashed and is about to be restarted, from systemd's `Result=`; absent else. */
  readonly failure?: { readonly result: string; readonly journal: readonly string[] };
}
