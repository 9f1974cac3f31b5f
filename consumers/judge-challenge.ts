/** A trained challenger against the champion. */
import { withVersion } from '../models/version.ts';
import type { Release } from '../models/manifest.ts';
import type { CustomerSchema } from '../schemas/customer/schema.ts';
import { openModel, type CreateSession, type Model } from '../scoring/model.ts';
import { challengeFigures } from '../training/challenge-figures.ts';
import {
  challengeReport,
  judgeChallenger,
  type BaseHoldout,
  type ChallengeRule,
} from '../training/challenge-gate.ts';
import { evaluate, rocAuc } from '../training/evaluation.ts';
import type { LabelledEvent } from '../training/labels.ts';
import { numberCustomers } from '../training/paired-auc.ts';
import { sliceRows } from '../training/slices.ts';
import type { Challenge } from './trainer.ts';

/** Rows of the base holdout, or why there are none. */
export type BaseRows =
  { readonly rows: readonly LabelledEvent[]; readonly from: string } | { readonly missing: string };

export interface Contest {
  readonly champion: Release;
  readonly challenger: Release;
  /** Labelled customers of the time before the drift. */
  readonly base: BaseRows;
  /** Labelled rows of the stream that the challenger was not trained on. */
  readonly holdout: readonly LabelledEvent[];
  readonly customer: Pick<CustomerSchema, 'slices' | 'inputs'>;
  readonly gate: ChallengeRule;
}

/** Scores both holdouts with both models, as in service; what came of it is in the challenger's manifest and in the gate's word. */
export async function judgeChallenge(contest: Contest, createSession: CreateSession): Promise<Challenge> {
  const { champion, challenger, base, holdout, customer, gate } = contest;
  const baseRows = 'rows' in base ? base.rows : [];
  const parts = [holdout, baseRows] as const;
  const [recentOfChampion, baseOfChampion] = await scoresOf(champion, parts, createSession);
  const [recentOfChallenger, baseOfChallenger] = await scoresOf(challenger, parts, createSession);
  const rows = {
    labels: labelsOf(holdout),
    customers: numberCustomers(holdout.map(({ event }) => event.customerId)),
    champion: recentOfChampion,
    challenger: recentOfChallenger,
  };
  const slices = sliceRows(customer, holdout.map(({ event }) => event)); // prettier-ignore
  const figures = challengeFigures(rows, slices);
  const before: BaseHoldout =
    'rows' in base
      ? {
          evaluation: evaluate(baseOfChallenger, labelsOf(baseRows), challenger.manifest.threshold),
          championAuc: rocAuc(baseOfChampion, labelsOf(baseRows)),
          rows: baseRows.length,
          from: base.from,
        }
      : base;
  const manifest = withVersion({
    ...challenger.manifest,
    metrics: {
      ...challenger.manifest.metrics,
      recent_labels: figures.customers,
      recent_roc_auc: figures.auc.challenger.value,
      recent_roc_auc_champion: figures.auc.champion.value,
    },
  });
  const verdict = judgeChallenger(figures, before, gate);
  const report = challengeReport(figures, before, gate, verdict.passed);
  return { release: { ...challenger, manifest }, ...verdict, report };
}

const labelsOf = (rows: readonly LabelledEvent[]): Uint8Array =>
  Uint8Array.from(rows, ({ churned }) => Number(churned));

/** Scores of a release, proved and scored as in service. */
async function scoresOf(
  release: Release,
  [holdout, base]: readonly [readonly LabelledEvent[], readonly LabelledEvent[]],
  createSession: CreateSession,
): Promise<[Float64Array, Float64Array]> {
  const model = await openModel(release, createSession);
  try {
    return [await score(model, holdout), await score(model, base)];
  } finally {
    await model.close();
  }
}

async function score(model: Model, rows: readonly LabelledEvent[]): Promise<Float64Array> {
  if (rows.length === 0) return new Float64Array(0);
  const scores = await model.score(rows.map(({ event }) => ({ event, scoreId: '' })));
  return Float64Array.from(scores, ({ churnProbability }) => churnProbability);
}
