import { appendFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { agent } from './agent.ts';
import { cluster } from './cluster.ts';
import type { Figure } from './figures.ts';
import { rollout } from './rollout.ts';
import { scheduler } from './scheduler.ts';
import { warm } from './warm.ts';

export type Figures = Record<string, Figure>;

/** Gets each figure as soon as it is measured; `log` goes to standard error. */
export type Benchmark = (
  report: (name: string, figure: Figure) => void,
  log: (line: string) => void,
) => Promise<void>;

const benchmarks: Readonly<Record<string, { does: string; run: Benchmark }>> = {
  agent: { does: 'what three idle agents cost: writes, wake-ups, CPU, memory', run: agent },
  cluster: { does: 'three local machines: up, scale, change, failover, kills, destroy', run: cluster },
  rollout: { does: 'good and bad versions of a template with five instances', run: rollout },
  scheduler: { does: 'decisions for 1000 machines and 1000, 10000 and 50000 units', run: scheduler },
  warm: { does: 'starts from saved memory, beside a boot; cycles and kills', run: warm },
};

const [name = '', ...flags] = process.argv.slice(2);
const chosen = benchmarks[name];
if (!chosen) {
  const list = Object.entries(benchmarks).map(([key, { does }]) => `  ${key}  ${does}`);
  console.log(`npm run -s bench -- NAME [--json]\n${list.join('\n')}`);
  process.exit(name === '' ? 0 : 2);
}

const figures: Figures = {};
const started = new Date().toISOString();
await chosen.run(report, (line) => console.error(line));
appendFileSync(join(import.meta.dirname, 'results.md'), table(name, started, figures));
if (flags.includes('--json')) console.log(JSON.stringify(figures));
process.exit(Object.values(figures).every(({ ok }) => ok) ? 0 : 1);

function report(metric: string, figure: Figure) {
  figures[metric] = { ...figure, value: Math.round(figure.value * 10) / 10 };
  console.error(`${figure.ok ? 'ok  ' : 'MISS'} ${row(metric, figure)}`);
}

function row(metric: string, { value, unit, bar }: Figure): string {
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  return `${metric}: ${Math.round(value * 10) / 10} ${unit} (bar ${bar}, load ${load})`;
}

function table(benchmark: string, date: string, measured: Figures): string {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`;
  const load = loadavg()
    .map((value) => value.toFixed(1))
    .join(' ');
  const rows = Object.entries(measured).map(
    ([metric, { value, unit, bar, ok }]) =>
      `| ${metric} | ${value} ${unit} | ${bar} ${unit} | ${ok ? 'yes' : '**no**'} |`,
  );
  return [
    `\n## ${benchmark}, ${date}\n`,
    `${machine}; load average at the end ${load}\n`,
    '| what | measured | bar | met |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
