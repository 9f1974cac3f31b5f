/** The roles of the service. */
import { startMonitor } from './monitor-role.io.ts';
import type { Surroundings } from './role-settings.ts';
import type { RoleName } from './role-topics.ts';
import type { RunningRole } from './run-role.io.ts';
import { startScorer } from './scorer-role.io.ts';
import { startTrainer } from './trainer-role.io.ts';

const START: Readonly<Record<RoleName, (around: Surroundings) => RunningRole>> = {
  scorer: startScorer,
  monitor: startMonitor,
  trainer: startTrainer,
};

/** Starts a role; it runs until it is stopped. */
export const startRole = (name: RoleName, around: Surroundings): RunningRole => START[name](around);
