/** For tests only: what retrain requests of the release before lack. */
import type { RetrainRequested } from '../schemas/generated.ts';

export const NO_EVIDENCE = {
  ...{ customers: 0, spanMs: 0, byPsi: false, threshold: 0, significance: 0, minEffect: 0, series: [] },
} satisfies Partial<RetrainRequested>;
