/** What `/metrics` answers: rendered at most once a second, however many ask. */
import { Registry } from 'prom-client';
import { printableMetrics } from '../schemas/printable.ts';

/** How old a text may be, milliseconds. */
const MAX_AGE_MS = 1000;

export interface MetricsText {
  /** UTF-8; shared by all that ask, so it costs memory once. */
  readonly body: Buffer;
  readonly contentType: string;
}

/**
 * Renders the metrics that `current` gives, in the format that is asked for. Who asks within a second of a rendering gets
 * that one: the same text, whole.
 */
export function createMetricsText(
  current: () => Promise<Registry>,
): (openMetrics: boolean) => Promise<MetricsText> {
  const renderNext = createRenderer(current);
  const plain = atMostOnceASecond(() => renderNext(false));
  const open = atMostOnceASecond(() => renderNext(true));
  return (openMetrics) => (openMetrics ? open() : plain());
}

function atMostOnceASecond<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().finally(() => setTimeout(() => (made = undefined), MAX_AGE_MS).unref());
    return made;
  };
}

/**
 * One rendering at a time: prom-client keeps the format in the registry and, for OpenMetrics, takes `_total` off the
 * counters' own names, so they are put back before the next one.
 */
function createRenderer(current: () => Promise<Registry>): (openMetrics: boolean) => Promise<MetricsText> {
  let last: Promise<unknown> = Promise.resolve();
  const render = async (openMetrics: boolean): Promise<MetricsText> => {
    // The library types a registry by its first content type.
    const contentType = (
      openMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE
    ) as typeof Registry.PROMETHEUS_CONTENT_TYPE;
    const registry = await current();
    const metrics = registry.getMetricsAsArray() as unknown as { name: string }[];
    const names = metrics.map(({ name }) => name);
    registry.setContentType(contentType);
    try {
      return { body: Buffer.from(printableMetrics(await registry.metrics())), contentType };
    } finally {
      metrics.forEach((metric, i) => (metric.name = names[i]!));
    }
  };
  return (openMetrics) => {
    const rendered = last.then(() => render(openMetrics));
    last = rendered.catch(() => undefined);
    return rendered;
  };
}
