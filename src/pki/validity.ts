/** Milliseconds a certificate is valid before it was made: machines' clocks lag, above all right after their boot. */
export const clockSkew = 60 * 60 * 1000;

const day = 24 * 60 * 60 * 1000;

export function addDays(from: Date, days: number): Date {
  return new Date(from.getTime() + days * day);
}
