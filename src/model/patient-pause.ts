/** Which share of the time that something has taken so far it may be found too late. */
const lateBy = 0.1;

/**
 * How long to wait until the next look at what was waited for that long: less often the longer it takes, so that a look
 * costs little of the time that it is made in, and what comes is found a tenth late at most. All in the same unit of time.
 */
export function patientPause(
  waited: number,
  { least, most }: { readonly least: number; readonly most: number },
): number {
  return Math.min(Math.max(least, lateBy * waited), most);
}
