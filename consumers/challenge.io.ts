import { existsSync } from 'node:fs';
import type { LoggedRelease } from '../models/log.ts';
import type { Manifest, Release } from '../models/manifest.ts';
import { openModel } from '../scoring/model.ts';
import { createSession } from '../scoring/onnx.io.ts';
import type { FreshRows } from '../training/challenger.ts';
import { rocAuc } from '../training/evaluation.ts';
import { judgeChallenger, type GateRule } from '../training/gate.ts';
import type { LabelledEvent } from '../training/labels.ts';
import type { Resampling } from '../training/resampling.ts';
import { trainInWorker } from '../training/train-in-worker.io.ts';
import type { Challenge } from './trainer.ts';

export interface ChallengeSettings {
  /** Path of the base set; trained along where the file is there. */
  readonly baseCsv: string;
  readonly resampling: Resampling;
  /** Of the resampling, bytes. */
  readonly memoryBudgetBytes: number;
  readonly gate: GateRule;
  readonly fetchRelease: (logged: LoggedRelease) => Promise<Release>;
  readonly onProgress: (stage: string, share: number) => void;
}

/** Trains a challenger in a worker thread and judges it against the champion on the stream's holdout. */
export async function challenge(
  settings: ChallengeSettings,
  champion: LoggedRelease,
  fresh: FreshRows,
  signal: AbortSignal,
): Promise<Challenge> {
  const { baseCsv, resampling, memoryBudgetBytes, gate } = settings;
  const hasBase = existsSync(baseCsv);
  const job = { baseCsv: hasBase ? baseCsv : null, fresh, resampling, memoryBudgetBytes };
  const { release: trained, evaluation } = await trainInWorker(job, signal, settings.onProgress);
  const release = { ...trained, onnx: Buffer.from(trained.onnx) };
  const championAuc = await recentAuc(await settings.fetchRelease(champion), fresh.holdout);
  const challengerAuc = await recentAuc(release, fresh.holdout);
  const figures = {
    weightedF1: hasBase ? evaluation.f1_weighted : undefined,
    recentLabels: fresh.holdout.length,
    championAuc,
    challengerAuc,
  };
  const manifest: Manifest = {
    ...release.manifest,
    metrics: {
      ...release.manifest.metrics,
      recent_labels: figures.recentLabels,
      recent_roc_auc: challengerAuc,
      recent_roc_auc_champion: championAuc,
    },
  };
  return { release: { ...release, manifest }, ...judgeChallenger(figures, gate) };
}

/** ROC AUC of a release, proved and scored as in service, on labelled events. */
async function recentAuc(release: Release, rows: readonly LabelledEvent[]): Promise<number> {
  const model = await openModel(release, createSession);
  try {
    const scores = await model.score(rows.map(({ event }) => ({ event, scoreId: '' })));
    return rocAuc(
      scores.map(({ churnProbability }) => churnProbability),
      rows.map(({ churned }) => Number(churned)),
    );
  } finally {
    await model.close();
  }
}
