/**
 * Seconds for which a machine counts as alive after its last sign: units of a dead machine shall run elsewhere
 * within fifteen. A machine that is too busy to give one in time is called before anything of it moves
 * (docs/decisions/0012-when-units-move.md). No stack sets it; tests do.
 */
export const leaseSeconds = 9;
