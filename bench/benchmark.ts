import type { Figure } from './figures.ts';

/** Gets each figure as soon as it is measured. */
export type Report = (name: string, figure: Figure) => void;

/** A line on standard error. */
export type Log = (line: string) => void;

/** `wants` says whether a part of it is to be measured: by default all are. */
export type Benchmark = (report: Report, log: Log, wants: (part: string) => boolean) => Promise<void>;
