/** MLflow: what a training gave, as a run with its files and as a version of a registered model. */
import { z } from 'zod';
import type { Release } from '../models/manifest.ts';
import type { MlflowClient } from './mlflow-client.ts';
import { describeRun } from './mlflow-run.ts';

/** A training that is over. */
export interface TrainingRun {
  readonly release: Release;
  readonly alias: 'champion' | 'challenger' | 'simulated';
  readonly begunMs: number;
  readonly endedMs: number;
  /** Further files of the run (figures, model card), by name. */
  readonly files: Readonly<Record<string, string>>;
}

/** Name of the experiment and of the registered model. */
const MLFLOW_NAME = 'bankchurn';
const ARTIFACTS_SCHEME = 'mlflow-artifacts:';

/**
 * Records a run: parameters, metrics, files, a version of the registered model, and the alias set to it. A run that could not be
 * recorded as a whole is closed as failed. Throws what the client throws.
 */
export async function recordRun(
  client: MlflowClient,
  run: TrainingRun,
): Promise<{ runUrl: string; modelVersion: string }> {
  const { params, metrics, tags } = describeRun(run.release, run.endedMs);
  const experimentId = await openExperiment(client);
  const { run_id, artifact_uri } = await createRun(client, {
    experiment_id: experimentId,
    run_name: run.release.manifest.version,
    start_time: run.begunMs,
    tags,
  });
  const close = (status: 'FINISHED' | 'FAILED'): Promise<unknown> =>
    client.post('runs/update', { run_id, status, end_time: run.endedMs });
  try {
    await client.post('runs/log-batch', { run_id, params, metrics });
    await upload(client, artifact_uri, run);
    const modelVersion = await registerModel(client, { run_id, source: `${artifact_uri}/model` }, run);
    await close('FINISHED');
    return { runUrl: `${client.base}/#/experiments/${experimentId}/runs/${run_id}`, modelVersion };
  } catch (error) {
    await close('FAILED').catch(() => undefined);
    throw error;
  }
}

async function openExperiment(client: MlflowClient): Promise<string> {
  const experiment = z.object({ experiment_id: z.string() });
  const created = await client.create('experiments/create', { name: MLFLOW_NAME });
  if (created !== undefined) return experiment.parse(created).experiment_id;
  const found = await client.get(`experiments/get-by-name?experiment_name=${MLFLOW_NAME}`);
  return z.object({ experiment }).parse(found).experiment.experiment_id;
}

async function createRun(
  client: MlflowClient,
  request: unknown,
): Promise<{ run_id: string; artifact_uri: string }> {
  const info = z.object({ run_id: z.string(), artifact_uri: z.string() });
  const created = await client.post('runs/create', request);
  return z.object({ run: z.object({ info }) }).parse(created).run.info;
}

/** The files of a run, through the server: only it knows the credentials of its store. */
async function upload(client: MlflowClient, artifactUri: string, run: TrainingRun): Promise<void> {
  if (!artifactUri.startsWith(ARTIFACTS_SCHEME)) {
    const scheme = artifactUri.split(':', 1)[0]!;
    throw new Error(
      `it does not pass files on to its store (${scheme}:…): start it with --artifacts-destination, and use a new experiment`,
    );
  }
  // mlflow-artifacts:/folder or mlflow-artifacts://host/folder
  const folder = artifactUri.slice(ARTIFACTS_SCHEME.length).replace(/^(\/\/[^/]*)?\/+/, '');
  const { manifest, onnx, golden } = run.release;
  const files: readonly (readonly [name: string, content: string | Uint8Array])[] = [
    ...Object.entries(run.files),
    ['model/golden.json', golden],
    ['model/manifest.json', JSON.stringify(manifest, undefined, 2)],
    ['model/model.onnx', onnx],
  ];
  for (const [name, content] of files) await client.put(`${folder}/${name}`, content);
}

/** A new version of the registered model; its alias comes last and never points to half a model. */
async function registerModel(
  client: MlflowClient,
  origin: { run_id: string; source: string },
  { release, alias }: TrainingRun,
): Promise<string> {
  await client.create('registered-models/create', { name: MLFLOW_NAME });
  const { version: name, sha256 } = release.manifest;
  const answer = await client.post('model-versions/create', {
    name: MLFLOW_NAME,
    ...origin,
    tags: [
      { key: 'release', value: name },
      { key: 'sha256', value: sha256 },
    ],
  });
  const created = z.object({ model_version: z.object({ version: z.string() }) }).parse(answer);
  const { version } = created.model_version;
  await client.post('registered-models/alias', { name: MLFLOW_NAME, alias, version });
  return version;
}
