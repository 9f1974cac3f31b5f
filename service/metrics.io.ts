import { monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, type Aggregator } from 'prom-client';
import { EVENT_LOOP_LAG, METRICS, type MetricSpec } from './metric-list.ts';

/** How often the event loop is looked at, milliseconds. */
const LOOP_RESOLUTION_MS = 20;

type LabelOf<Spec> = Spec extends { readonly labelNames: readonly (infer Label extends string)[] }
  ? Label
  : never;
/** What the library makes of a metric. */
type MetricOf<Spec extends MetricSpec> = {
  counter: Counter<LabelOf<Spec>>;
  gauge: Gauge<LabelOf<Spec>>;
  histogram: Histogram<LabelOf<Spec>>;
}[Spec['kind']];

/** Every metric of the product, in a registry of its own. */
export type Metrics = { readonly [Key in keyof typeof METRICS]: MetricOf<(typeof METRICS)[Key]> } & {
  readonly registry: Registry;
  close(): void;
};

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // Gauges named like counters: promtool refuses them. The same numbers are there by type.
  for (const what of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`nodejs_active_${what}_total`);
  const loopDelay = watchEventLoop(registry);
  const created = Object.entries(METRICS).map(([key, spec]) => [key, addMetric(registry, spec)] as const);
  return {
    ...(Object.fromEntries(created) as Pick<Metrics, keyof typeof METRICS>),
    registry,
    close: () => loopDelay.disable(),
  };
}

/** Adds a metric to a registry. `collect` sets a gauge when it is asked for. */
export function addMetric<Spec extends MetricSpec>(
  registry: Registry,
  spec: Spec,
  collect?: () => number,
): MetricOf<Spec> {
  const { name, help } = spec;
  const aggregator: Aggregator = spec.aggregator ?? 'sum';
  const options = { name, help, labelNames: [...(spec.labelNames ?? [])], registers: [registry], aggregator };
  const metric =
    spec.kind === 'counter'
      ? new Counter(options)
      : spec.kind === 'histogram'
        ? new Histogram({ ...options, buckets: [...(spec.buckets ?? [])] })
        : new Gauge(collect === undefined ? options : { ...options, collect: setFrom(collect) });
  if (spec.unknownUntilSet === true) (metric as Gauge).remove();
  return metric as MetricOf<Spec>;
}

function setFrom(collect: () => number) {
  return function (this: Gauge): void {
    this.set(collect());
  };
}

function watchEventLoop(registry: Registry): { disable(): void } {
  const loopDelay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loopDelay.enable();
  addMetric(registry, EVENT_LOOP_LAG, () => {
    // The histogram holds times between two looks, so an idle loop shows the resolution itself.
    const meanMs = Number.isNaN(loopDelay.mean) ? 0 : loopDelay.mean / 1e6 - LOOP_RESOLUTION_MS;
    loopDelay.reset();
    return Math.max(0, meanMs) / 1000;
  });
  return loopDelay;
}
