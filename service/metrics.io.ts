import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type MetricSpec } from './metric-list.ts';

/** How often the event loop is looked at, milliseconds. */
const LOOP_RESOLUTION_MS = 20;

type MetricOf<S> = S extends { readonly type: infer T; readonly labels: readonly (infer L extends string)[] }
  ? T extends 'counter'
    ? Counter<L>
    : T extends 'gauge'
      ? Gauge<L>
      : Histogram<L>
  : never;
type MetricsOf<List> = { readonly [K in keyof List]: MetricOf<List[K]> };

/** The metrics of one process, in a registry of their own. */
export interface Metrics extends MetricsOf<typeof METRICS> {
  readonly registry: Registry;
  close(): void;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // Gauges named like counters: promtool refuses them. The same numbers are there by type.
  for (const what of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`nodejs_active_${what}_total`);
  const loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loopDelay.enable();
  const eventLoopLag = (): number => {
    // The histogram holds times between two looks, so an idle loop shows the resolution itself.
    const meanMs = Number.isNaN(loopDelay.mean) ? 0 : loopDelay.mean / 1e6 - LOOP_RESOLUTION_MS;
    loopDelay.reset();
    return Math.max(0, meanMs) / 1000;
  };
  return {
    ...createList(METRICS, registry, { eventLoopLag }),
    registry,
    close: () => void loopDelay.disable(),
  };
}

/**
 * Adds the metrics of a list to a registry.
 *
 * @param measured gauges whose value is taken at each scrape.
 */
export function createList<List extends Readonly<Record<string, MetricSpec>>>(
  list: List,
  registry: Registry,
  measured: { readonly [K in keyof List]?: () => number } = {},
): MetricsOf<List> {
  const metrics = Object.entries(list).map(([key, spec]) => [
    key,
    createMetric(spec, registry, measured[key]),
  ]);
  return Object.fromEntries(metrics) as MetricsOf<List>;
}

function createMetric(
  { type, labels, known, buckets, ...rest }: MetricSpec,
  registry: Registry,
  measure?: () => number,
): Counter | Gauge | Histogram {
  const settings = { ...rest, labelNames: labels, registers: [registry] };
  if (type === 'counter') {
    const counter = new Counter(settings);
    for (const set of known) counter.inc(set, 0);
    return counter;
  }
  if (type === 'histogram') return new Histogram({ ...settings, buckets: [...buckets] });
  const gauge: Gauge = new Gauge({
    ...settings,
    ...(measure === undefined ? {} : { collect: () => gauge.set(measure()) }),
  });
  if (labels.length === 0) gauge.remove(); // the library starts it at 0
  return gauge;
}
