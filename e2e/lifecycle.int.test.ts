import { execFile, spawnSync } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { packageRoot } from '../cli/context.ts';
import { programArguments, type ServiceProcess } from '../cli/service-process.io.ts';
import { collect, createWorld, events, produceRaw, settled } from './world.ts';

const get = async (
  { port }: ServiceProcess,
  path: string,
): Promise<[status: number, body: Record<string, unknown>]> => {
  const answer = await fetch(`http://127.0.0.1:${String(port)}${path}`);
  return [answer.status, (await answer.json()) as Record<string, unknown>];
};

async function becomes(
  service: ServiceProcess,
  path: string,
  status: number,
): Promise<Record<string, unknown>> {
  for (let tries = 0; tries < 400; tries++) {
    const [found, body] = await get(service, path);
    if (found === status) return body;
    await sleep(50);
  }
  throw new Error(`${path} did not become ${String(status)}: ${service.tail()}`);
}

test('bad configuration: all faults at once, exit 2, no secret', async () => {
  const env = {
    ...process.env,
    KAFKA_BROKERS: 'nonsense',
    PORT: '70000',
    LOG_LEVEL: 'loud',
    KAFKA_SASL_MECHANISM: 'plain',
  };
  const run = await new Promise<{ code: number; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      [...programArguments(), 'serve'],
      { env, cwd: packageRoot() },
      (error, _, stderr) => {
        resolve({ code: Number(error?.code ?? 0), stderr });
      },
    );
  });
  expect(run.code).toBe(2);
  for (const key of ['kafka.brokers', 'http.port', 'logLevel', '[KAFKA_BROKERS]', '[PORT]', '[LOG_LEVEL]'])
    expect(run.stderr).toContain(key);
});

test('without a model: 503 "Model not available", alive, and healthy once there is one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bankchurn-model-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const world = await createWorld({ registry: false });
  const service = await world.start({ MODEL_DIR: folder });
  const [status, body] = await get(service, '/health');
  expect([status, body['status'], body['model_loaded']]).toEqual([503, 'degraded', false]);
  await vi.waitFor(async () => {
    const [, told] = await get(service, '/health');
    expect(told['detail']).toMatch(/^Model not available: .*make train/);
  }, 10_000);
  expect((await get(service, '/health/live'))[0]).toBe(200);
  expect((await get(service, '/health/ready'))[0]).toBe(503);
  await cp(join(packageRoot(), 'models/champion'), folder, { recursive: true });
  const healthy = await becomes(service, '/health', 200);
  expect([healthy['status'], healthy['model_loaded']]).toEqual(['healthy', true]);
});

test(
  'SIGTERM in the middle of work: exit 0 in its budget, nothing lost or doubled afterwards',
  { timeout: 90_000 },
  async () => {
    const world = await createWorld({ registry: false });
    const first = await world.start();
    const out = await collect(world);
    const all = events(12_000, 11);
    const producing = produceRaw(
      world,
      all.map((event) => ({ key: event.customerId, value: JSON.stringify(event) })),
    );
    await settled(() => out.scores.length > 1000, 'the first scores', 30_000, 0);
    const begun = Date.now();
    expect(await first.stop()).toBe(0);
    expect(Date.now() - begun).toBeLessThan(25_000);
    await producing;
    await world.start();
    await settled(() => out.scores.length >= all.length, 'all scores', 60_000);
    const ids = out.scores.map(({ value }) => (JSON.parse(String(value)) as { eventId: string }).eventId);
    expect(ids.sort()).toEqual(all.map(({ eventId }) => eventId).sort());
  },
);

const promtool = spawnSync('promtool', ['--version']).status === 0;

test.skipIf(!promtool)('promtool accepts /metrics', async () => {
  const world = await createWorld({ registry: false });
  const service = await world.start();
  await becomes(service, '/health', 200);
  const text = await (await fetch(`http://127.0.0.1:${String(service.port)}/metrics`)).text();
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  expect([checked.status, checked.stdout + checked.stderr]).toEqual([0, '']);
});

test('the sidecar knows four paths, and counts what it answers', async () => {
  const world = await createWorld({ registry: false });
  const service = await world.start();
  await becomes(service, '/health', 200);
  const base = `http://127.0.0.1:${String(service.port)}`;
  expect((await fetch(`${base}/anything`)).status).toBe(404);
  expect((await fetch(`${base}/health`, { method: 'POST' })).status).toBe(404);
  const open = await fetch(`${base}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
  expect(open.headers.get('content-type')).toContain('application/openmetrics-text');
  const text = await (await fetch(`${base}/metrics`)).text();
  for (const name of [
    'http_request_duration_seconds',
    'http_requests_total',
    'churn_events_total',
    'churn_model_info',
  ])
    expect(text).toContain(name);
  for (const method of ['GET', 'POST'])
    expect(text).toContain(`http_requests_total{method="${method}",route="other",status="404"} 1`);
});
