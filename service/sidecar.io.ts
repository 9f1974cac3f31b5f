import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { Registry } from 'prom-client';
import { healthReport, liveReport, readyReport, type Report } from './health.ts';
import type { HealthState } from './health-state.ts';
import type { Metrics } from './metrics.io.ts';

export interface SidecarOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly metrics: Metrics;
  readonly health: () => HealthState;
  /** What `/metrics` shows; the registry of `metrics` where it is left out. */
  readonly registry?: () => Promise<Registry>;
}

/** The HTTP side: health and metrics, nothing else. */
export interface Sidecar {
  readonly port: number;
  close(): Promise<void>;
}

const NOT_FOUND = { error: 'Not Found', paths: ['/health', '/health/live', '/health/ready', '/metrics'] };

/** @throws Error with a clear sentence where the port is in use. */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const { host, port, metrics, health, registry = () => Promise.resolve(metrics.registry) } = options;
  const app = fastify({
    bodyLimit: 1024,
    requestTimeout: 10_000,
    connectionTimeout: 30_000,
    http: { maxHeaderSize: 8192, headersTimeout: 10_000, connectionsCheckingInterval: 5000 },
    forceCloseConnections: true,
    // A path that cannot be read (`/%zz`) is one more that does not exist.
    frameworkErrors: (_, request, reply) => {
      const answer = (reply as FastifyReply).code(404);
      count(metrics, request, answer);
      void answer.send(NOT_FOUND);
    },
  });
  // Before a body is read: what is not served is never parsed.
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) void reply.code(404).send(NOT_FOUND);
    else done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    count(metrics, request, reply);
    done();
  });
  const answer = (path: string, report: (state: HealthState) => Report): void => {
    app.get(path, (_, reply) => {
      const { status, body } = report(health());
      return reply.code(status).send(body);
    });
  };
  answer('/health', healthReport);
  answer('/health/live', liveReport);
  answer('/health/ready', readyReport);
  const render = createRenderer(registry);
  app.get('/metrics', async (request, reply) => {
    const openMetrics = (request.headers.accept ?? '').includes('application/openmetrics-text');
    const { text, contentType } = await render(openMetrics);
    return reply.type(contentType).send(text);
  });
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new Error(`port ${String(port)} is in use: set PORT to another one (0 = any free one)`, { cause });
  }
  const address = app.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () => app.close(),
  };
}

/** Unknown paths share one label: a scanner must not fill the registry. */
function count(metrics: Metrics, request: FastifyRequest, reply: FastifyReply): void {
  const labels = {
    method: request.method,
    route: request.is404 ? 'other' : (request.routeOptions.url ?? 'other'),
    status: String(reply.statusCode),
  };
  metrics.httpRequests.inc(labels);
  metrics.httpDuration.observe(labels, reply.elapsedTime / 1000);
}

type Rendered = { readonly text: string; readonly contentType: string };

/**
 * One rendering at a time: prom-client keeps the format in the registry and, for OpenMetrics, takes `_total` off the
 * counters' own names, so they are put back before the next one.
 */
function createRenderer(current: () => Promise<Registry>): (openMetrics: boolean) => Promise<Rendered> {
  let last: Promise<unknown> = Promise.resolve();
  const render = async (openMetrics: boolean): Promise<Rendered> => {
    // The library types a registry by its first content type.
    const contentType = (
      openMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE
    ) as typeof Registry.PROMETHEUS_CONTENT_TYPE;
    const registry = await current();
    const metrics = registry.getMetricsAsArray() as unknown as { name: string }[];
    const names = metrics.map(({ name }) => name);
    registry.setContentType(contentType);
    try {
      return { text: await registry.metrics(), contentType };
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
