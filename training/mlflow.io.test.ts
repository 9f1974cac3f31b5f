import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readRelease } from '../models/store.io.ts';
import { recordInMlflow, type MlflowOutcome } from './mlflow.io.ts';

const release = await readRelease('models/champion');

/** What is asked of a server that answers as `answer` says; the paths that were asked for. */
async function ask(
  answer: RequestListener,
  timeoutMs = 2000,
): Promise<{ outcome: MlflowOutcome; paths: string[] }> {
  const paths: string[] = [];
  const { port } = await listen((request, response) => {
    paths.push(request.url!.replace('/api/2.0/', ''));
    answer(request, response);
  });
  const outcome = await recordInMlflow({ uri: `http://127.0.0.1:${port}/`, timeoutMs }, run);
  return { outcome, paths };
}

async function listen(listener: RequestListener): Promise<{ port: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: String((server.address() as AddressInfo).port) };
}

const run = { release, alias: 'challenger', begunMs: 1, endedMs: 2, files: {} } as const;

/** Answers all that a run needs; `overrides` by the end of the path. */
const server =
  (artifactUri: string, overrides: Record<string, [status: number, body: unknown]> = {}): RequestListener =>
  ({ url }, response) => {
    const path = url!.split('?', 1)[0]!;
    const bodies: Record<string, unknown> = {
      'experiments/create': { experiment_id: '7' },
      'runs/create': { run: { info: { run_id: 'r', artifact_uri: artifactUri } } },
      'model-versions/create': { model_version: { version: '3' } },
    };
    const override = Object.entries(overrides).find(([end]) => path.endsWith(end));
    const found = Object.entries(bodies).find(([end]) => path.endsWith(end));
    const [status, body] = override?.[1] ?? [200, found?.[1] ?? {}];
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  };

test('what is there already is used; files go to the folder of the run, the alias comes after them', async () => {
  const exists: [number, unknown] = [400, { error_code: 'RESOURCE_ALREADY_EXISTS', message: 'exists' }];
  const { outcome, paths } = await ask(
    server('mlflow-artifacts://host/1/r/artifacts', {
      'experiments/create': exists,
      'experiments/get-by-name': [200, { experiment: { experiment_id: '9' } }],
      'registered-models/create': exists,
    }),
  );
  expect(outcome).toMatchObject({ recorded: true, modelVersion: '3' });
  expect(outcome.recorded && outcome.runUrl).toMatch(/:\d+\/#\/experiments\/9\/runs\/r$/);
  expect(paths).toEqual([
    'mlflow/experiments/create',
    'mlflow/experiments/get-by-name?experiment_name=bankchurn',
    'mlflow/runs/create',
    'mlflow/runs/log-batch',
    'mlflow-artifacts/artifacts/1/r/artifacts/model/golden.json',
    'mlflow-artifacts/artifacts/1/r/artifacts/model/manifest.json',
    'mlflow-artifacts/artifacts/1/r/artifacts/model/model.onnx',
    'mlflow/registered-models/create',
    'mlflow/model-versions/create',
    'mlflow/registered-models/alias',
    'mlflow/runs/update',
  ]);
});

const FAULTS: [what: string, answer: RequestListener, fault: RegExp][] = [
  ['never answers', () => undefined, /timeout/],
  ['never ends its answer', (_, response) => void response.writeHead(200).write('{'), /timeout/],
  ['hangs up', ({ socket }) => void socket.destroy(), /fetch failed: other side closed/],
  ['is something else', (_, response) => void response.end('<html>'), /is not MLflow/],
  ['is ill', (_, response) => void response.writeHead(502).end('<html>'), /experiments\/create: HTTP 502/],
  ['never stops', (_, response) => void response.end('x'.repeat(2e6)), /more than 1000000 bytes/],
  ['sends us elsewhere', (_, response) => void response.writeHead(302, { location: '/x' }).end(), /redirect/],
];
test.each(FAULTS)('a server that %s is told as a fault, in time', async (_, answer, fault) => {
  const { outcome } = await ask(answer, 300);
  expect(outcome).toEqual({ recorded: false, fault: expect.stringMatching(fault) as string });
});

test('a server that is slow each time does not hold up a training: the whole is bounded too', async () => {
  const quick = server('mlflow-artifacts:/1/r/artifacts');
  const { outcome, paths } = await ask((request, response) => {
    setTimeout(() => quick(request, response), 300);
  }, 600);
  expect(outcome).toEqual({ recorded: false, fault: expect.stringMatching(/timeout/) as string });
  expect(paths).not.toContain('mlflow/registered-models/alias');
});

test('a server that does not pass files on: the run is closed as failed, no version is made', async () => {
  const { outcome, paths } = await ask(server('s3://bucket/1/r/artifacts'));
  expect(outcome).toEqual({
    recorded: false,
    fault: expect.stringMatching(/does not pass files on to its store \(s3:/) as string,
  });
  expect(paths.slice(-2)).toEqual(['mlflow/runs/log-batch', 'mlflow/runs/update']);
});

test('no server', async () => {
  const gone = createServer();
  await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  const away = await recordInMlflow({ uri: `http://127.0.0.1:${String(port)}`, timeoutMs: 2000 }, run);
  expect(away).toEqual({ recorded: false, fault: expect.stringMatching(/ECONNREFUSED/) as string });
});

test('credentials of the address or of a file go into the header, and nowhere else', async () => {
  const logins = new Set<string | undefined>();
  const listener: RequestListener = (request, response) => {
    logins.add(request.headers.authorization);
    server('mlflow-artifacts:/1/r/artifacts')(request, response);
  };
  const { port } = await listen(listener);
  const inside = await recordInMlflow({ uri: `http://me:p%40ss@127.0.0.1:${port}`, timeoutMs: 2000 }, run);
  expect([...logins]).toEqual([`Basic ${btoa('me:p@ss')}`]);
  expect(inside.recorded && inside.runUrl).toMatch(/^http:\/\/127/);
  logins.clear();
  const folder = mkdtempSync(join(tmpdir(), 'bankchurn-mlflow-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'of the file\n');
  const login = { username: 'me', passwordFile };
  await recordInMlflow({ uri: `http://127.0.0.1:${port}`, timeoutMs: 2000, ...login }, run);
  expect([...logins]).toEqual([`Basic ${btoa('me:of the file')}`]);
  const missing = { username: 'me', passwordFile: 'hunter2' };
  const careless = await recordInMlflow(
    { uri: `http://127.0.0.1:${port}`, timeoutMs: 2000, ...missing },
    run,
  );
  expect(careless).toEqual({
    recorded: false,
    fault: 'mlflow.passwordFile: names no file that can be read (ENOENT)',
  });
});
