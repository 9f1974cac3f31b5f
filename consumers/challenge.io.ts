import { orderFault } from '../models/customer-schema.ts';
import type { LoggedRelease } from '../models/log.ts';
import type { Release } from '../models/manifest.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { createSession } from '../scoring/onnx.io.ts';
import { proveRelease } from '../scoring/prove.io.ts';
import type { FreshRows } from '../training/challenger.ts';
import type { ChallengeRule } from '../training/challenge-gate.ts';
import type { Resampling } from '../training/resampling.ts';
import { trainInWorker } from '../training/train-in-worker.io.ts';
import { readBaseHoldout, type BasePlaces } from './base-holdout.io.ts';
import { judgeChallenge } from './judge-challenge.ts';
import type { Challenge } from './trainer.ts';

/** The base set joins the training if its file is there. */
export interface ChallengeSettings extends BasePlaces {
  readonly customer: CustomerSchema;
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
  const incumbent = await settings.fetchRelease(champion);
  const fault = orderFault(incumbent.manifest, customer);
  if (fault !== undefined) throw new Error(fault);
  const base = await readBaseHoldout(settings, customer);
  const held = 'rows' in base ? base.rows.map(({ event }) => event.customerId) : [];
  const job = { customer, baseCsv, held, fresh, resampling, memoryBudgetBytes };
  const { release: trained } = await trainInWorker(job, signal, settings.onProgress);
  const challenger = { ...trained, onnx: Buffer.from(trained.onnx) };
  for (const release of [incumbent, challenger]) await proveRelease(release);
  const contest = { champion: incumbent, challenger, base, holdout: fresh.holdout, customer, gate };
  return judgeChallenge(contest, createSession);
}
