import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Release } from '../models/manifest.ts';
import { recordInMlflow } from '../training/mlflow.io.ts';
import { say } from './context.ts';

/** Where the training wrote what people read. */
interface Written {
  /** Folder of the release; its documents (`.md`, `.svg`) are recorded too. */
  readonly out: string;
  /** File of the figures. */
  readonly metrics: string;
}

/** Records a release in MLflow, where that is on, and says how it went. */
export async function recordTraining(
  settings: Config['mlflow'],
  release: Release,
  { out, metrics }: Written,
  begunMs: number,
): Promise<void> {
  if (!settings.enabled) return;
  const endedMs = Date.now();
  const files: Record<string, string> = { 'metrics.json': await readFile(metrics, 'utf8') };
  for (const name of await readdir(out, { recursive: true }))
    if (/\.(md|svg)$/.test(name)) files[`model/${name}`] = await readFile(join(out, name), 'utf8');
  const isSimulated = release.manifest.training.dataset.name === 'simulated';
  const alias = isSimulated ? 'simulated' : 'champion';
  const outcome = await recordInMlflow(settings, { release, alias, begunMs, endedMs, files });
  say(
    outcome.recorded
      ? `MLflow: version ${outcome.modelVersion} has the alias ${alias}, ${outcome.runUrl}`
      : `MLflow (${new URL(settings.uri).origin}): not recorded, the release stands: ${outcome.fault}`,
  );
}
