import * as z from 'zod';
import { parseJson } from '../model/parse-json.ts';

/** One line of `journalctl --output json`. A field may be absent, and a message with bytes that are no text is a list. */
const line = z.object({
  __REALTIME_TIMESTAMP: z.string(),
  __CURSOR: z.string().optional().catch(undefined),
  MESSAGE: z.union([z.string(), z.array(z.number())]).nullish(),
  UNIT: z.string().optional().catch(undefined),
  _SYSTEMD_UNIT: z.string().optional().catch(undefined),
});

export interface JournalEntry {
  /** What tells it from every other entry of the journal. */
  readonly cursor?: string;
  /** Microseconds since 1970. */
  readonly time: number;
  /** The unit that wrote it, or that systemd wrote it about. */
  readonly unit: string;
  readonly message: string;
}

/** Undefined for what is not an entry. */
export function parseEntry(text: string): JournalEntry | undefined {
  const parsed = line.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const { __REALTIME_TIMESTAMP, __CURSOR: cursor, MESSAGE, UNIT, _SYSTEMD_UNIT } = parsed.data;
  const message = Array.isArray(MESSAGE) ? Buffer.from(MESSAGE).toString() : (MESSAGE ?? '');
  const unit = UNIT ?? _SYSTEMD_UNIT ?? '-';
  return { ...(cursor !== undefined && { cursor }), time: Number(__REALTIME_TIMESTAMP), unit, message };
}

/** What makes journalctl print what is read here. */
export const entryFormat = ['--output', 'json', '--output-fields', 'MESSAGE,UNIT,_SYSTEMD_UNIT'] as const;

/** `2026-11-20 19:02:11`, in the time zone of this computer. */
export function timeText(microseconds: number): string {
  const date = new Date(microseconds / 1000);
  const two = (number: number) => String(number).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}
