/** systemd's words for true, in any case (`parse_boolean`). */
const yes: ReadonlySet<string> = new Set(['1', 'yes', 'y', 'true', 't', 'on']);

/** Whether an option of systemd's own is switched on; one that is not given is not. fleet's read otherwise. */
export function isTrue(text: string | undefined): boolean {
  return text !== undefined && yes.has(text.toLowerCase());
}
