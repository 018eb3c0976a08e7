/** A figure, with the bar it is held against. `ok` is what the bar says of it. */
export interface Figure {
  readonly value: number;
  readonly unit: string;
  readonly bar: number;
  readonly ok: boolean;
}

export const atMost = (value: number, bar: number, unit: string): Figure => ({
  value,
  bar,
  unit,
  ok: value <= bar,
});

export const exactly = (value: number, bar: number, unit: string): Figure => ({
  value,
  bar,
  unit,
  ok: value === bar,
});

export const atLeast = (value: number, bar: number, unit: string): Figure => ({
  value,
  bar,
  unit,
  ok: value >= bar,
});

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [low = 0, high = 0] = [
    sorted[Math.ceil(sorted.length / 2) - 1],
    sorted[Math.floor(sorted.length / 2)],
  ];
  return (low + high) / 2;
}
