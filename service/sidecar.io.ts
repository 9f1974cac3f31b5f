import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import { healthReport, liveReport, readyReport, type Report } from './health.ts';
import type { HealthState } from './health-state.ts';
import { createBoundedServer } from './http-bounds.io.ts';
import { printable } from '../schemas/printable.ts';
import { createMetricsText } from './metrics-text.io.ts';
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
    serverFactory: createBoundedServer,
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
    // The body of such a request is not waited for either.
    if (request.is404) void reply.code(404).header('connection', 'close').send(NOT_FOUND);
    else done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    count(metrics, request, reply);
    done();
  });
  const answer = (path: string, report: (state: HealthState) => Report): void => {
    app.get(path, (_, reply) => {
      const { status, body } = report(health());
      // Some of it is from outside: versions of models, what the registry answers.
      return reply
        .code(status)
        .type('application/json')
        .send(printable(JSON.stringify(body)));
    });
  };
  answer('/health', healthReport);
  answer('/health/live', liveReport);
  answer('/health/ready', readyReport);
  const render = createMetricsText(registry);
  app.get('/metrics', async (request, reply) => {
    const openMetrics = (request.headers.accept ?? '').includes('application/openmetrics-text');
    const { body, contentType } = await render(openMetrics);
    return reply.type(contentType).send(body);
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
