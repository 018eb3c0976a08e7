import type { UnitView } from '../../model/api.ts';
import { targetStates } from '../../model/unit.ts';
import { type ClusterState, readCluster } from '../../store/cluster-state.ts';
import type { RequestCount } from './request-counts.ts';
import type { HandlerContext, Reply } from './route.ts';
import { unitsReply } from './views.ts';

/** Prometheus' text format 0.0.4. */
export const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

interface Metric {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number | bigint;
}

/** The cluster as this agent sees it now: every agent answers the same, but for its own requests. */
export async function metrics({ store, requests }: HandlerContext): Promise<Reply> {
  const cluster = await readCluster(store);
  const text = encodeMetrics([...clusterMetrics(cluster), requestMetric(requests.list())]);
  return { status: 200, text, type: metricsType };
}

function clusterMetrics(cluster: ClusterState): Metric[] {
  const { machines, leader, revision } = cluster;
  const { units } = unitsReply(cluster);
  const pending = units.filter((unit) => unit.pending !== undefined).length;
  return [
    gauge('flotilla_machines', 'Machines that are members of the cluster now.', [{ value: machines.length }]),
    gauge('flotilla_leader', 'Machine whose agent runs the engine.', leaderSamples(cluster, leader)),
    gauge('flotilla_units', 'Units by the state they shall have.', byTarget(units)),
    gauge('flotilla_unit_states', 'Units on machines by what systemd says.', byState(units)),
    gauge('flotilla_units_pending', 'Units that no machine has and that should be on one.', [
      { value: pending },
    ]),
    gauge('flotilla_store_revision', 'Revision of the store that this was read at.', [{ value: revision }]),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: 'gauge', help, samples };
}

function leaderSamples({ machines }: ClusterState, leader: string | undefined): Sample[] {
  return machines.map(({ id, name }) => ({ labels: { machine: name }, value: id === leader ? 1 : 0 }));
}

function byTarget(units: readonly UnitView[]): Sample[] {
  return targetStates.map((state) => ({
    labels: { target_state: state },
    value: units.filter(({ targetState }) => targetState === state).length,
  }));
}

/** systemd's words for `ActiveState` (org.freedesktop.systemd1(5)): a state that nothing is in shows as zero. */
const activeStates = ['active', 'reloading', 'inactive', 'failed', 'activating', 'deactivating'];

function byState(units: readonly UnitView[]): Sample[] {
  const found = units.flatMap(({ states }) => states.map(({ active }) => active));
  return [...new Set([...activeStates, ...found])].map((state) => ({
    labels: { active: state },
    value: found.filter((active) => active === state).length,
  }));
}

function requestMetric(counts: readonly RequestCount[]): Metric {
  const samples = counts.map(({ method, route, status, count }) => ({
    labels: { method, route, status: String(status) },
    value: count,
  }));
  const help = 'Requests that this agent answered since it started.';
  return { name: 'flotilla_api_requests_total', type: 'counter', help, samples };
}

export function encodeMetrics(metrics: readonly Metric[]): string {
  return metrics.flatMap(encodeMetric).join('');
}

function encodeMetric({ name, type, help, samples }: Metric): string[] {
  const lines = samples.map(({ labels = {}, value }) => `${name}${encodeLabels(labels)} ${value}\n`);
  return [`# HELP ${name} ${escapeText(help)}\n`, `# TYPE ${name} ${type}\n`, ...lines];
}

function encodeLabels(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeText(value, '"')}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** A backslash and a line end would end the line; the quote only matters inside of quotes. */
function escapeText(text: string, quote = ''): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return quote === '' ? escaped : escaped.replaceAll(quote, `\\${quote}`);
}
