import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { HealthState } from './health-state.ts';
import { createMetrics } from './metrics.io.ts';
import { startSidecar } from './sidecar.io.ts';

const well: HealthState = {
  model: { version: 'v', sha256: 's' },
  modelFault: undefined,
  joined: true,
  kafka: { isUsable: true, faults: [] },
  faults: [],
  partitionFaults: [],
  waitingRecords: 0,
  assigned: [0],
  ready: [0],
  silentMs: 1,
  stopping: false,
  stalled: false,
  uptimeSeconds: 1,
  roles: ['scorer'],
};

async function sidecar(state: () => HealthState = () => well) {
  const metrics = createMetrics();
  const started = await startSidecar({ host: '127.0.0.1', port: 0, metrics, health: state });
  onTestFinished(async () => {
    metrics.close();
    await started.close();
  });
  const url = `http://127.0.0.1:${String(started.port)}`;
  return { ...started, metrics, get: (path: string, init?: RequestInit) => fetch(url + path, init) };
}

/** Sends bytes that fetch would not send; resolves with the status of the answer. */
function statusOf(port: number, request: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.once('data', (data) => {
      resolve(Number(String(data).split(' ')[1]));
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

test('the reports are answered with their status, read anew each time', async () => {
  let state = well;
  const { get } = await sidecar(() => state);
  expect((await get('/health')).status).toBe(200);
  state = { ...well, joined: false, waitingRecords: undefined };
  const answer = await get('/health');
  expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'NOT_JOINED' }]);
  expect((await get('/health/ready')).status).toBe(503);
  expect((await get('/health/live')).status).toBe(200);
});

test('what came from a topic does nothing to the terminal of someone who asks with curl', async () => {
  const version = 'v\u001b[31m\u009b2K\u202e';
  const { get, metrics } = await sidecar(() => ({ ...well, model: { version, sha256: 's' } }));
  metrics.unknownFields.inc({ field: version });
  const health = await (await get('/health')).text();
  const text = await (await get('/metrics')).text();
  expect(JSON.parse(health)).toMatchObject({ model_version: version });
  expect(text).toContain('{field="v\\\\u001b[31m\\\\u009b2K\\\\u202e"} 1');
  expect(health + text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
});

test.each([
  ['GET', '/'],
  ['GET', '/health/'],
  ['GET', '/Health'],
  ['GET', '//health'],
  ['GET', '/%zz'],
  ['POST', '/health'],
  ['DELETE', '/metrics'],
  ['OPTIONS', '/health'],
])('%s %s is 404 and counted as one route', async (method, path) => {
  const { port, metrics } = await sidecar();
  expect(await statusOf(port, `${method} ${path} HTTP/1.1\r\nhost: x\r\n\r\n`)).toBe(404);
  await expect
    .poll(() => metrics.registry.getSingleMetricAsString('http_requests_total'))
    .toContain(`http_requests_total{method="${method}",route="other",status="404"} 1`);
});

test('a body nobody asked for is not read, whatever it is', async () => {
  const { port } = await sidecar();
  const post = (type: string, length: number): string =>
    `POST /x HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: ${String(length)}\r\n\r\n{`;
  expect(await statusOf(port, post('application/json', 1))).toBe(404);
  expect(await statusOf(port, post('application/json', 10_000_000))).toBe(404);
  expect(await statusOf(port, post('application/xml', 1))).toBe(404);
  const long = 'a'.repeat(10_000);
  expect(await statusOf(port, `GET /health HTTP/1.1\r\nhost: x\r\nx: ${long}\r\n\r\n`)).toBe(431);
});

test('metrics: Prometheus text, OpenMetrics on request, one not spoiling the other', async () => {
  const { get } = await sidecar();
  await get('/health');
  const accept = 'application/openmetrics-text; version=1.0.0';
  const read = async (headers: Record<string, string>): Promise<[string | null, string]> => {
    const answer = await get('/metrics', { headers });
    return [answer.headers.get('content-type'), await answer.text()];
  };
  const [[plain], [open, openText], [again, text]] = await Promise.all([
    read({}),
    read({ accept }),
    read({}),
  ]);
  expect([plain, again]).toEqual(Array(2).fill('text/plain; version=0.0.4; charset=utf-8'));
  expect(open).toMatch(/^application\/openmetrics-text/);
  expect(openText.endsWith('# EOF\n')).toBe(true);
  expect(openText).toContain('# TYPE http_requests counter');
  expect(text).toContain('# TYPE http_requests_total counter');
  for (const body of [openText, text])
    expect(body).toContain('http_requests_total{method="GET",route="/health",status="200"} 1');
});

test('a port in use is named, with what to do', async () => {
  const { port, metrics } = await sidecar();
  const second = startSidecar({ host: '127.0.0.1', port, metrics, health: () => well });
  await expect(second).rejects.toThrow(`port ${String(port)} is in use: set PORT to another one`);
});

test('close does not wait for a silent client', async () => {
  const { port, close } = await sidecar();
  const socket = connect(port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await close();
  await closed;
});
