/** For tests only: short windows. */
import type { DriftRule } from './rule.ts';

export const RULE: DriftRule = {
  ...{ paneEvents: 500, windowPanes: 4, minEvents: 2000, minCustomers: 100, threshold: 0.2, persistence: 3 },
  ...{ significance: 1e-5, minEffect: 0.015, requestEvents: 2000, requestMs: 0 },
  ...{ cooldownEvents: 2000, cooldownMs: 0, weeklyRequests: 3 },
};
