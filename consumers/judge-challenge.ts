/** A trained challenger against the champion. */
import { withVersion } from '../models/version.ts';
import type { Release } from '../models/manifest.ts';
import { openModel, type CreateSession } from '../scoring/model.ts';
import { rocAuc, type Evaluation } from '../training/evaluation.ts';
import { judgeChallenger, type ChallengeRule } from '../training/gate.ts';
import type { LabelledEvent } from '../training/labels.ts';
import type { Challenge } from './trainer.ts';

export interface Contest {
  readonly champion: Release;
  readonly challenger: Release;
  /** Of the challenger on the base set's holdout; undefined: there is no base set. */
  readonly evaluation: Evaluation | undefined;
  /** Labelled rows of the stream that the challenger was not trained on. */
  readonly holdout: readonly LabelledEvent[];
  readonly gate: ChallengeRule;
}

/** Scores the holdout with both, as in service; what came of it is in the challenger's manifest and in the gate's word. */
export async function judgeChallenge(contest: Contest, createSession: CreateSession): Promise<Challenge> {
  const { champion, challenger, evaluation, holdout, gate } = contest;
  const championAuc = await recentAuc(champion, holdout, createSession);
  const challengerAuc = await recentAuc(challenger, holdout, createSession);
  const figures = {
    base: evaluation,
    recentLabels: holdout.length,
    championAuc,
    challengerAuc,
  };
  const manifest = withVersion({
    ...challenger.manifest,
    metrics: {
      ...challenger.manifest.metrics,
      recent_labels: figures.recentLabels,
      recent_roc_auc: challengerAuc,
      recent_roc_auc_champion: championAuc,
    },
  });
  const verdict = judgeChallenger(figures, gate);
  const report = JSON.stringify({
    weightedF1: evaluation?.f1_weighted,
    ...figures,
    rule: gate,
    passed: verdict.passed,
  });
  return { release: { ...challenger, manifest }, ...verdict, report };
}

/** ROC AUC of a release, proved and scored as in service, on labelled events. */
async function recentAuc(
  release: Release,
  rows: readonly LabelledEvent[],
  createSession: CreateSession,
): Promise<number> {
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
