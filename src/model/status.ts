import * as z from 'zod';
import type { Immutable } from './immutable.ts';

export const systemdStateSchema = z.object({
  /** loaded, not-found, bad-setting, error, masked */
  load: z.string(),
  /** active, reloading, inactive, failed, activating, deactivating */
  active: z.string(),
  /** Depends on the unit type: running, exited, dead, auto-restart, … */
  sub: z.string(),
});

/** systemd's three answers about a unit (systemctl(1), "Unit states"). */
export type SystemdState = Immutable<z.infer<typeof systemdStateSchema>>;

export const unitStatusSchema = z.object({
  unit: z.string(),
  machineId: z.string(),
  ...systemdStateSchema.shape,
  /** sha256 of the file that is on the machine now, so that an edit by hand shows. */
  hash: z.string(),
  /** Whether the agent has started it and not stopped it since; absent from agents that did not say so yet. */
  started: z.boolean().exactOptional(),
  /** What its `Ready=` probe found last; absent while the unit has none or is not active. */
  ready: z.object({ ok: z.boolean(), detail: z.string() }).exactOptional(),
  /** The `Reason` why it is installed and not yet started, though it shall be; absent while nothing holds it back. */
  waiting: z.string().exactOptional(),
  /** What is wrong with a file of its templates, the last good one of which is in place; absent while nothing is. */
  template: z.string().exactOptional(),
  /** Until when the unit's certificate is good (ISO 8601), and what keeps it from being renewed; absent without one. */
  certificate: z.object({ until: z.string(), problem: z.string().exactOptional() }).exactOptional(),
  /**
   * Why the unit failed, or crashed and is about to be restarted, from systemd's `Result=`; absent else. What it said
   * last comes later, since reading it takes a slow machine seconds: `journal` is absent until then.
   */
  failure: z.object({ result: z.string(), journal: z.array(z.string()).exactOptional() }).exactOptional(),
});

/** What a machine says of a unit it has: `/flotilla/states/<machine id>/<unit name>`, written on change only. */
export type UnitStatus = Immutable<z.infer<typeof unitStatusSchema>>;
