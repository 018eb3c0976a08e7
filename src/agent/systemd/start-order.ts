/** What a unit says of the order of starts (systemd.unit(5)); names that nothing was asked of are passed over. */
export interface Order {
  readonly after: readonly string[];
  readonly before: readonly string[];
}

/**
 * Groups of units in the order in which their jobs are to be queued. systemd orders jobs that are queued at the same
 * time and starts a unit without waiting for what comes into its queue only later, so none may come there before what
 * it is to start after. Units that go round in a circle are one last group: systemd breaks the circle, and says so.
 */
export function inWaves(orders: ReadonlyMap<string, Order>): string[][] {
  const waiting = new Map([...orders.keys()].map((name) => [name, predecessors(name, orders)]));
  const waves: string[][] = [];
  while (waiting.size > 0) {
    const free = [...waiting].flatMap(([name, first]) => (first.some((one) => waiting.has(one)) ? [] : name));
    const wave = free.length > 0 ? free : [...waiting.keys()];
    for (const name of wave) waiting.delete(name);
    waves.push(wave);
  }
  return waves;
}

function predecessors(name: string, orders: ReadonlyMap<string, Order>): string[] {
  const named = orders.get(name)?.after.filter((one) => one !== name && orders.has(one)) ?? [];
  const naming = [...orders].flatMap(([one, { before }]) =>
    one !== name && before.includes(name) ? one : [],
  );
  return [...named, ...naming];
}
