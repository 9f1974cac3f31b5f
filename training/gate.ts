/** What a challenger must show. */
export interface GateRule {
  /** Weighted F1 on the base holdout must be above this. */
  readonly minWeightedF1: number;
  /** The challenger's ROC AUC on recent rows may be this much below the champion's, not more. */
  readonly maxAucLoss: number;
  /** Recent labelled rows that the AUCs need at least. */
  readonly minRecentLabels: number;
}

/** What it has shown. */
export interface GateFigures {
  /** Weighted F1 of the challenger on the base holdout; undefined: there is no base set here. */
  readonly weightedF1: number | undefined;
  /** Recent labelled rows that neither model was trained on. */
  readonly recentLabels: number;
  /** ROC AUC on them; NaN where only one class is among them. */
  readonly championAuc: number;
  readonly challengerAuc: number;
}

export interface GateVerdict {
  readonly passed: boolean;
  /** Every number and the bound it was held against. */
  readonly reason: string;
}

const four = (value: number): string => value.toFixed(4);

/** Whether a challenger may take over. Pure: the same figures, the same verdict. */
export function judgeChallenger(figures: GateFigures, rule: GateRule): GateVerdict {
  const { weightedF1, recentLabels, championAuc, challengerAuc } = figures;
  const floor = championAuc - rule.maxAucLoss;
  const checks: readonly (readonly [passed: boolean, text: string])[] = [
    [
      recentLabels >= rule.minRecentLabels,
      `${String(recentLabels)} recent labels (at least ${String(rule.minRecentLabels)})`,
    ],
    [
      challengerAuc >= floor,
      `ROC AUC on them ${four(challengerAuc)} against the champion's ${four(championAuc)} (at least ${four(floor)})`,
    ],
    weightedF1 === undefined
      ? [true, 'no base set here: weighted F1 not looked at']
      : [
          weightedF1 > rule.minWeightedF1,
          `weighted F1 on the base holdout ${four(weightedF1)} (above ${String(rule.minWeightedF1)})`,
        ],
  ];
  const told = checks.map(([passed, text]) => (passed ? text : `FAILED: ${text}`));
  return { passed: checks.every(([passed]) => passed), reason: told.join('; ') };
}
