/** What a machine's kernel says of its load. */
export interface Load {
  /** Processes that ran or waited for disk, averaged over the last minute (proc_loadavg(5)). */
  readonly average: number;
  /** MiB */
  readonly memory: number;
  /** MiB that programs could not get: MemTotal less MemAvailable (proc_meminfo(5)). */
  readonly memoryUsed: number;
}

/** Reads /proc/loadavg and /proc/meminfo, one after the other; undefined for what is not that. */
export function parseLoad(text: string): Load | undefined {
  const average = Number.parseFloat(text);
  const total = kibibytes(text, 'MemTotal');
  const available = kibibytes(text, 'MemAvailable');
  if (!Number.isFinite(average) || total === undefined || available === undefined) return undefined;
  return { average, memory: mebi(total), memoryUsed: mebi(total - available) };
}

function kibibytes(text: string, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

function mebi(kibibytes: number): number {
  return Math.round(kibibytes / 1024);
}
