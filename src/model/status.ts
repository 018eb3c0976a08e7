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
  /** Why the unit failed, from systemd's `Result=`; absent while it has not. */
  readonly failure?: { readonly result: string; readonly journal: readonly string[] };
}
