/** For tests only: what verdicts and retrain requests of the release before lack. */
import type { DriftVerdict, RetrainRequested } from '../schemas/generated.ts';

export const NO_TESTS = {
  ...{ customers: 0, alert: false, startedAnew: null, series: [], moves: [] },
  ...{ shiftResidual: 0, referenceEvents: 0, requestWindow: null },
} satisfies Partial<DriftVerdict>;

export const NO_EVIDENCE = {
  ...{ customers: 0, spanMs: 0, byPsi: false, threshold: 0, significance: 0, minEffect: 0, series: [] },
} satisfies Partial<RetrainRequested>;
