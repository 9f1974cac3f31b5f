import { existsSync } from 'node:fs';
import { orderFault } from '../models/customer-schema.ts';
import type { LoggedRelease } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { createSession } from '../scoring/onnx.io.ts';
import { proveRelease } from '../scoring/prove.io.ts';
import type { FreshRows } from '../training/challenger.ts';
import type { ChallengeRule } from '../training/gate.ts';
import type { Resampling } from '../training/resampling.ts';
import { trainInWorker } from '../training/train-in-worker.io.ts';
import { judgeChallenge } from './judge-challenge.ts';
import type { Challenge } from './trainer.ts';

export interface ChallengeSettings {
  readonly customer: CustomerSchema;
  /** Path of the base set, which joins the training if the file is there; null: there is none. */
  readonly baseCsv: string | null;
  readonly resampling: Resampling;
  /** Of the resampling, bytes. */
  readonly memoryBudgetBytes: number;
  readonly gate: ChallengeRule;
  /** The first of these that is whole. */
  readonly fetchRelease: (candidates: readonly LoggedRelease[]) => Promise<Release>;
  readonly onProgress: (stage: string, share: number) => void;
}

/**
 * Trains a challenger in a worker thread and judges it against the champion on the stream's holdout.
 *
 * @throws Error if the order of the customer schema's inputs contradicts the champion's.
 */
export async function challenge(
  settings: ChallengeSettings,
  champion: readonly LoggedRelease[],
  fresh: FreshRows,
  signal: AbortSignal,
): Promise<Challenge> {
  const { customer, baseCsv, resampling, memoryBudgetBytes, gate } = settings;
  const hasBase = baseCsv !== null && existsSync(baseCsv);
  const incumbent = await settings.fetchRelease(champion);
  const fault = orderFault(incumbent.manifest, customer);
  if (fault !== undefined) throw new Error(fault);
  const job = { customer, baseCsv: hasBase ? baseCsv : null, fresh, resampling, memoryBudgetBytes };
  const { release: trained, evaluation } = await trainInWorker(job, signal, settings.onProgress);
  const challenger = { ...trained, onnx: Buffer.from(trained.onnx) };
  for (const release of [incumbent, challenger]) await proveRelease(release);
  const contest = { challenger, evaluation: hasBase ? evaluation : undefined, holdout: fresh.holdout, gate };
  return judgeChallenge({ ...contest, champion: incumbent }, createSession);
}
