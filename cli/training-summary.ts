/** What `bankchurn train` says about a model. */
import type { Evaluation } from '../training/evaluation.ts';
import type { HoldoutReport } from '../training/holdout-report.ts';
import { FIGURES } from '../training/model-card.ts';

/** Groups of one slice that are shown. */
const MAX_GROUPS = 8;

/** The figures with their intervals, and who is found how often. */
export function* trainingSummary(
  evaluation: Evaluation,
  { intervals, slices, recall_gaps }: HoldoutReport,
): Generator<string> {
  yield `${'on the holdout'.padEnd(38)}  value   95 % interval`;
  for (const [name, label] of FIGURES) {
    const { low, high } = intervals[name];
    yield `  ${label.padEnd(36)} ${evaluation[name].toFixed(4)}   ${low.toFixed(4)} .. ${high.toFixed(4)}`;
  }
  const { tp, fp, fn, tn } = evaluation.confusion;
  yield `  of ${String(tp + fn)} who left ${String(tp)} were found, of ${String(fp + tn)} who stayed ${String(fp)} were called leaving (threshold ${evaluation.threshold.toFixed(4)})`;
  for (const [input, groups] of Object.entries(slices)) {
    const all = Object.entries(groups);
    const recalls = all
      .slice(0, MAX_GROUPS)
      .map(([group, { recall }]) => `${group} ${recall === null ? '–' : recall.toFixed(2)}`);
    const more = all.length > MAX_GROUPS ? `, … (${String(all.length)} groups: see the model card)` : '';
    const gap = recall_gaps[input];
    yield `  recall by ${input}: ${recalls.join(', ')}${more}${gap == null ? '' : ` (gap ${gap.toFixed(2)})`}`;
  }
}
