/**
 * Numbers of the signals that SSH can name (RFC 4254 section 6.10). They are Linux's, whatever this side runs on,
 * because the command ran there.
 */
const linuxSignals: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  ABRT: 6,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
};

/** Of `TERM` or `SIGTERM`; 0 for a name outside the RFC's list, so that the status stays above 127. */
export function signalNumber(name: string): number {
  return linuxSignals[name.replace(/^SIG/, '').replace(/@.*$/, '')] ?? 0;
}
