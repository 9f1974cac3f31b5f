import fastify from 'fastify';
import { Registry } from 'prom-client';
import { healthReport, liveReport, readyReport, type HealthState, type Report } from './health.ts';
import type { Metrics } from './metrics.io.ts';

export interface SidecarOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly metrics: Metrics;
  readonly health: () => HealthState;
}

/** The HTTP side: health and metrics, nothing else. */
export interface Sidecar {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws Error with a clear sentence where the port is in use. */
export async function startSidecar({ host, port, metrics, health }: SidecarOptions): Promise<Sidecar> {
  const app = fastify({ bodyLimit: 1024, requestTimeout: 10_000, connectionTimeout: 30_000, forceCloseConnections: true });
  app.addHook('onResponse', (request, reply, done) => {
    const labels = { method: request.method, route: request.routeOptions.url ?? 'other', status: String(reply.statusCode) };
    metrics.httpRequests.inc(labels);
    metrics.httpDuration.observe(labels, reply.elapsedTime / 1000);
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
  app.get('/metrics', async (request, reply) => {
    const openMetrics = (request.headers.accept ?? '').includes('application/openmetrics-text');
    const { registry } = metrics;
    // The library types a registry by its first content type.
    registry.setContentType((openMetrics ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE) as typeof Registry.PROMETHEUS_CONTENT_TYPE);
    const text = await registry.metrics();
    return reply.type(registry.contentType).send(text);
  });
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new Error(`port ${String(port)} is in use: set PORT to another one (0 = any free one)`, { cause });
  }
  const address = app.server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : port, close: () => app.close() };
}
