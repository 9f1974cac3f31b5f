/** `bankchurn train` and a real MLflow server: what is checked is the server's own view. */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { packageRoot } from '../cli/context.ts';
import { programArguments } from '../cli/service-process.io.ts';
import { pythonOf } from './environments/python.ts';

const python = pythonOf('tracking');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bankchurn-mlflow-'));
});
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));

/** Trains in a process of its own and releases into the test's folder; throws where it fails. What it says. */
async function train(uri: string, out: string): Promise<string> {
  const places = ['--out', join(folder, out), '--metrics', join(folder, `${out}.json`)];
  const { stderr } = await promisify(execFile)(
    process.execPath,
    [...programArguments(), 'train', '--simulated', '--rounds', '20', ...places],
    { cwd: packageRoot(), env: { ...process.env, MLFLOW_TRACKING_URI: uri }, timeout: 110_000 },
  );
  return stderr;
}

/** The address of something that accepts on loopback and never answers. */
async function silentAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

describe.skipIf(python === undefined)('with MLflow', () => {
  let base: string;
  let stop = (): void => undefined;

  beforeAll(async () => {
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    const server = spawn(
      python!,
      [
        ...['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', port, '--workers', '1'],
        ...['--backend-store-uri', `sqlite:///${join(folder, 'mlflow.db')}`],
        ...['--artifacts-destination', join(folder, 'artifacts')],
      ],
      {
        detached: true, // a group of its own: it starts further processes
        stdio: 'ignore',
        env: {
          ...process.env,
          MLFLOW_DISABLE_TELEMETRY: 'true',
          MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false',
        },
      },
    );
    stop = () => process.kill(-server.pid!, 'SIGKILL');
    await vi.waitFor(async () => expect((await fetch(`${base}/health`)).status).toBe(200), {
      timeout: 150_000,
      interval: 300,
    });
  }, 160_000);
  afterAll(() => stop());

  const get = async (path: string): Promise<unknown> =>
    (await fetch(`${base}/api/2.0/mlflow/${path}`)).json();
  const newest = async () => {
    const answer = await get('registered-models/alias?name=bankchurn&alias=simulated');
    return (answer as { model_version: { version: string; run_id: string; source: string } }).model_version;
  };

  it('records run, parameters, metrics, files and the model version, under the alias of simulated models', async () => {
    expect(await train(base, 'a')).toMatch(/MLflow: version 1 has the alias simulated, http:/);

    const version = await newest();
    expect(version).toMatchObject({ version: '1', status: 'READY' });
    const { run } = (await get(`runs/get?run_id=${version.run_id}`)) as {
      run: { info: object; data: { metrics: object[]; params: object[] } };
    };
    const figures = await readFile(join(folder, 'a.json'), 'utf8');
    const { roc_auc } = JSON.parse(figures) as { roc_auc: number };
    expect(run.info).toMatchObject({ status: 'FINISHED' });
    expect(run.data.metrics).toContainEqual(expect.objectContaining({ key: 'roc_auc', value: roc_auc }));
    expect(run.data.params).toContainEqual({ key: 'rounds', value: '20' });

    const files = `${base}/api/2.0/mlflow-artifacts/artifacts/${version.source.replace(/^[a-z-]+:\/+/, '')}`;
    const download = async (path: string): Promise<Buffer> =>
      Buffer.from(await (await fetch(`${files}/${path}`)).arrayBuffer());
    expect(await download('model.onnx')).toEqual(await readFile(join(folder, 'a/model.onnx')));
    for (const name of ['README.md', 'plots/reliability.svg'])
      expect(await download(name)).toEqual(await readFile(join(folder, 'a', name)));
    expect((await download('../metrics.json')).toString()).toBe(figures);
  }, 120_000);

  it('moves the alias to the next training', async () => {
    await train(base, 'a');
    expect((await newest()).version).toBe('2');
  }, 120_000);
});

it.each([
  ['away', async () => `http://127.0.0.1:${await freePort()}`, 'fetch failed: connect ECONNREFUSED'],
  ['there and never answers', silentAddress, 'The operation was aborted due to timeout'],
])(
  'MLflow is %s: the training says so, and releases',
  async (what, address, fault) => {
    const uri = await address();
    expect(await train(uri, what)).toContain(`MLflow (${uri}): not recorded, the release stands: ${fault}`);
    expect(existsSync(join(folder, what, 'manifest.json'))).toBe(true);
  },
  120_000,
);
