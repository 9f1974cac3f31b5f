/** Whether there are labels enough to train and judge a challenger. */
import type { FreshRows } from '../training/challenger.ts';
import { labelsFault, type ChallengeRule } from '../training/challenge-gate.ts';
import type { LabelledEvent } from '../training/labels.ts';
import { countCustomers, numberCustomers, type CustomerCounts } from '../training/paired-auc.ts';

/** With fewer labels a request is deferred. */
export type LabelNeeds = Pick<ChallengeRule, 'minRecentLabels' | 'minLeavers'>;

/** Labels that are too few. */
export interface Shortage {
  /** How many there are, and how many are needed. */
  readonly reason: string;
  /** The share of what is needed that is there, 0..1. */
  readonly share: number;
  /** All numbers as JSON. */
  readonly report: string;
}

/** What is short of labels on these rows; undefined: a challenger can be trained and judged. */
export function shortage({ train, holdout }: FreshRows, needs: LabelNeeds): Shortage | undefined {
  const { minRecentLabels, minLeavers } = needs;
  const [judged, trained] = [countLabels(holdout), countLabels(train)];
  const untrainable = `${String(trained.leavers)} customers who left and ${String(trained.stayers)} who stayed to train a challenger on`;
  const reason =
    labelsFault(judged, needs) ?? (Math.min(trained.leavers, trained.stayers) > 0 ? undefined : untrainable);
  if (reason === undefined) return undefined;
  const shares = [
    judged.customers / minRecentLabels,
    judged.leavers / minLeavers,
    judged.stayers / minLeavers,
  ];
  const share = Math.min(1, ...shares);
  return { reason, share, report: JSON.stringify({ ...judged, minRecentLabels, minLeavers, share }) };
}

/** Labelled customers: one who repeats counts once. */
const countLabels = (rows: readonly LabelledEvent[]): CustomerCounts =>
  countCustomers({
    labels: rows.map(({ churned }) => Number(churned)),
    customers: numberCustomers(rows.map(({ event }) => event.customerId)),
  });
